import Basics
import Tensors

/// A loss on embedding rows: one unreduced term per row, differentiable in every embedding.
///
/// A loss knows neither reduction nor normalisation of its input; ``LossFunction`` adds both in one place.
public protocol EmbeddingLoss: Sendable {
  /// The terms `[N]` of a batch, unreduced, in the embeddings' dtype.
  /// - Throws: ``IeumError`` (usage) for an input of the wrong kind, (data) for shapes that do not belong together.
  func terms(_ input: LossInput) throws -> Tensor
}

/// Embedding rows arranged the way a loss reads them.
public enum LossInput: Sendable {
  /// Anchors, positives and negatives, each `[N, D]`: row i of all three is one triplet.
  case triplets(anchors: Tensor, positives: Tensor, negatives: Tensor)
  /// Anchors and positives, each `[N, D]`: row i of both is a true pair; the mask says which cross pairs are negatives.
  case pairs(anchors: Tensor, positives: Tensor, negatives: NegativeMask)
  /// Rows `[N, D]` and labels `[N]` (0 = similar pair, 1 = dissimilar), labels in the rows' dtype.
  case labelledPairs(left: Tensor, right: Tensor, labels: Tensor)

  /// In-batch pairs in which every other row of the other side is a negative.
  public static func pairs(anchors: Tensor, positives: Tensor) -> LossInput {
    .pairs(anchors: anchors, positives: positives, negatives: .offDiagonal(anchors.shape.first ?? 0))
  }

  /// The same input with every embedding row scaled to length 1; gradients pass through the scaling.
  public func normalized() throws -> LossInput {
    switch self {
    case .triplets(let anchors, let positives, let negatives):
      return .triplets(
        anchors: try RowGeometry.unit(anchors), positives: try RowGeometry.unit(positives),
        negatives: try RowGeometry.unit(negatives))
    case .pairs(let anchors, let positives, let negatives):
      return .pairs(
        anchors: try RowGeometry.unit(anchors), positives: try RowGeometry.unit(positives), negatives: negatives)
    case .labelledPairs(let left, let right, let labels):
      return .labelledPairs(left: try RowGeometry.unit(left), right: try RowGeometry.unit(right), labels: labels)
    }
  }

  /// The embedding tensors, in the order of the case's labels.
  var embeddings: [Tensor] {
    switch self {
    case .triplets(let anchors, let positives, let negatives): [anchors, positives, negatives]
    case .pairs(let anchors, let positives, _): [anchors, positives]
    case .labelledPairs(let left, let right, _): [left, right]
    }
  }

  /// Checks that all embeddings have one shape `[N, D]`.
  func checked() throws -> LossInput {
    let shapes = embeddings.map(\.shape)
    guard let first = shapes.first, first.count == 2, shapes.allSatisfy({ $0 == first }) else {
      throw IeumError(
        .data, "the inputs of a loss have the shapes \(shapes.map(\.description).joined(separator: ", "))",
        remedy: "give every input the same shape [N, D]")
    }
    if case .labelledPairs(_, _, let labels) = self, labels.shape != [first[0]] {
      throw IeumError(.data, "labels have the shape \(labels.shape), not [\(first[0])]", remedy: "give one label per pair")
    }
    if case .pairs(_, _, let negatives) = self, negatives.count != first[0] {
      throw IeumError(
        .data, "the mask of negatives is for \(negatives.count) rows, the batch has \(first[0])",
        remedy: "build the mask from the same batch")
    }
    return self
  }

  /// The error of a loss that was handed another kind of input.
  static func mismatch(_ expected: LossSpec.Input) -> IeumError {
    IeumError(.usage, "this loss reads \(expected.rawValue)", remedy: "arrange the embeddings as \(expected.rawValue)")
  }
}

/// Which cross pairs of a batch are negatives: entry (i, j) concerns anchor i and positive j.
///
/// The diagonal (the true pairs) is never negative; in item-to-item training neither are items relevant to each other.
public struct NegativeMask: Sendable, Equatable {
  /// Rows N of the batch.
  public let count: Int
  /// Row-major `[N, N]`.
  public let isNegative: [Bool]

  public init(count: Int, isNegative: (Int, Int) -> Bool) {
    self.count = count
    var flags = [Bool](repeating: false, count: count * count)
    for i in 0..<count {
      for j in 0..<count where i != j { flags[i * count + j] = isNegative(i, j) }
    }
    self.isNegative = flags
  }

  /// Every other row is a negative.
  public static func offDiagonal(_ count: Int) -> NegativeMask { NegativeMask(count: count) { _, _ in true } }

  /// True where a pair is *not* a negative, `[N, N]` bool: what a loss has to blank out.
  func blanked(like other: Tensor) throws -> Tensor {
    try Tensor(isNegative.map { !$0 }, shape: [count, count]).to(other.device)
  }

  /// As ``blanked(like:)``, with the diagonal kept.
  func blankedOffDiagonal(like other: Tensor) throws -> Tensor {
    var flags = isNegative.map { !$0 }
    for i in 0..<count { flags[i * count + i] = false }
    return try Tensor(flags, shape: [count, count]).to(other.device)
  }
}
