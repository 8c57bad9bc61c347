import Basics
import Tensors

/// Embedding rows arranged the way a loss reads them.
public enum LossInput: Sendable {
  /// Anchors, positives and negatives, each `[N, D]`: row i of all three is one triplet.
  case triplets(anchors: Tensor, positives: Tensor, negatives: Tensor)
  /// Anchors and positives, each `[N, D]`: row i of both is a true pair; the mask says which cross pairs are
  /// negatives, the queue adds negatives from earlier batches.
  case pairs(anchors: Tensor, positives: Tensor, negatives: NegativeMask, queue: QueuedPairs? = nil)
  /// Anchors `[N, D]` and K candidate positives of each, `[N·K, D]`, those of anchor i in the rows i·K ..< (i+1)·K.
  case bags(anchors: Tensor, candidates: Tensor, negatives: NegativeMask)
  /// Image, audio and text rows, each `[N, D]`: row i of all three belongs together.
  case modalities(image: Tensor, audio: Tensor, text: Tensor)
  /// Rows `[N, D]` and labels `[N]` (0 = similar pair, 1 = dissimilar), labels in the rows' dtype.
  case labelledPairs(left: Tensor, right: Tensor, labels: Tensor)

  /// In-batch pairs in which every other row of the other side is a negative.
  public static func pairs(anchors: Tensor, positives: Tensor) -> LossInput {
    .pairs(anchors: anchors, positives: positives, negatives: .offDiagonal(anchors.shape.first ?? 0))
  }

  /// The same input with every embedding row scaled to length 1; gradients pass through the scaling.
  public func normalized() throws -> LossInput {
    func unit(_ rows: Tensor) throws -> Tensor { try RowGeometry.unit(rows) }
    switch self {
    case .triplets(let anchors, let positives, let negatives):
      return .triplets(anchors: try unit(anchors), positives: try unit(positives), negatives: try unit(negatives))
    case .pairs(let anchors, let positives, let negatives, let queue):
      return .pairs(
        anchors: try unit(anchors), positives: try unit(positives), negatives: negatives,
        queue: try queue?.normalized())
    case .bags(let anchors, let candidates, let negatives):
      return .bags(anchors: try unit(anchors), candidates: try unit(candidates), negatives: negatives)
    case .modalities(let image, let audio, let text):
      return .modalities(image: try unit(image), audio: try unit(audio), text: try unit(text))
    case .labelledPairs(let left, let right, let labels):
      return .labelledPairs(left: try unit(left), right: try unit(right), labels: labels)
    }
  }

  /// The embedding tensors, in the order of the case's labels.
  var embeddings: [Tensor] {
    switch self {
    case .triplets(let anchors, let positives, let negatives): [anchors, positives, negatives]
    case .pairs(let anchors, let positives, _, _): [anchors, positives]
    case .bags(let anchors, let candidates, _): [anchors, candidates]
    case .modalities(let image, let audio, let text): [image, audio, text]
    case .labelledPairs(let left, let right, _): [left, right]
    }
  }

  /// Checks that the embeddings' shapes belong together.
  func checked() throws -> LossInput {
    let shapes = embeddings.map(\.shape)
    guard let first = shapes.first, first.count == 2, shapes.allSatisfy({ fits($0, first) }) else {
      throw IeumError(
        .data, "the inputs of a loss have the shapes \(shapes.map(\.description).joined(separator: ", "))",
        remedy: "give every input the same shape [N, D]")
    }
    switch self {
    case .labelledPairs(_, _, let labels) where labels.shape != [first[0]]:
      throw IeumError(
        .data, "labels have the shape \(labels.shape), not [\(first[0])]", remedy: "give one label per pair")
    case .pairs(_, _, let negatives, let queue):
      try check(negatives, rows: first[0])
      try check(queue, rows: first[0], dimension: first[1])
    case .bags(_, _, let negatives): try check(negatives, rows: first[0])
    default: break
    }
    return self
  }

  /// One shape for all; bags may have several candidates per anchor.
  private func fits(_ shape: [Int], _ first: [Int]) -> Bool {
    guard case .bags = self, shape.count == 2, first[0] > 0 else { return shape == first }
    return shape[1] == first[1] && shape[0] > 0 && shape[0] % first[0] == 0
  }

  private func check(_ negatives: NegativeMask, rows: Int) throws {
    guard negatives.count != rows else { return }
    throw IeumError(
      .data, "the mask of negatives is for \(negatives.count) rows, the batch has \(rows)",
      remedy: "build the mask from the same batch")
  }

  private func check(_ queue: QueuedPairs?, rows: Int, dimension: Int) throws {
    guard let queue else { return }
    let shape = [queue.count, dimension]
    guard queue.anchors.shape == shape, queue.positives.shape == shape,
      queue.isNegative.count == rows * queue.count
    else {
      throw IeumError(
        .data, "queued rows \(queue.anchors.shape) and \(queue.positives.shape) do not fit a batch of [\(rows), \(dimension)]",
        remedy: "queue embeddings of the same model, one anchor per positive")
    }
  }

  /// The error of a loss that was handed another kind of input.
  static func mismatch(_ expected: LossSpec.Input) -> IeumError {
    IeumError(
      .usage, "this loss reads \(expected.rawValue)", remedy: "arrange the embeddings as \(expected.rawValue)"
    )
  }
}
