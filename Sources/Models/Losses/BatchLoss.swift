import Basics
import Tensors

/// Which items of a batch are relevant to each other, `[N, N]`.
public struct BatchRelevance: Sendable {
  public let count: Int
  private let flags: [Bool]

  /// - Parameter isRelevant: asked for every ordered pair of different rows; relevance counts in either direction.
  public init(count: Int, isRelevant: (Int, Int) -> Bool) {
    self.count = count
    var flags = [Bool](repeating: false, count: count * count)
    for i in 0..<count {
      for j in 0..<count where i != j && isRelevant(i, j) {
        flags[i * count + j] = true
        flags[j * count + i] = true
      }
    }
    self.flags = flags
  }

  /// From a bool tensor `[N, N]`; the diagonal is ignored.
  public init(_ matrix: Tensor) throws {
    guard matrix.rank == 2, matrix.shape[0] == matrix.shape[1] else {
      throw IeumError(.data, "a relevance matrix has the shape \(matrix.shape)", remedy: "give a square one, [N, N]")
    }
    let (values, count) = (try matrix.bools(), matrix.shape[0])
    self.init(count: count) { values[$0 * count + $1] }
  }

  public subscript(i: Int, j: Int) -> Bool { flags[i * count + j] }

  func positives(of i: Int) -> [Int] { (0..<count).filter { self[i, $0] } }
  func negatives(of i: Int) -> [Int] { (0..<count).filter { $0 != i && !self[i, $0] } }
  /// Whether some item has a partner.
  public var hasPositives: Bool { flags.contains(true) }
}

/// A loss for item-to-item training: embeddings of a batch of items and who is relevant to whom.
///
/// Positives of an item are the items of the batch relevant to it, negatives all others. Triplet losses get mined
/// triplets, the contrastive loss the pairs (a,p) and (a,n) of such triplets, in-batch pair losses one positive per
/// anchor, with relevant items never counted as negatives. All use the terms of the registered losses.
public struct BatchLoss: Sendable {
  /// Width of the semi-hard region for losses without a margin.
  static let defaultRegion = 0.2
  /// More triplets than this in one batch are refused; `all` grows with the cube of the batch.
  public static let maximumTriplets = 200_000

  public let function: LossFunction
  let form: LossSpec.Input
  let distance: RowDistance
  let margin: Double
  public let mining: Mining
  let positivesPerAnchor: Int

  /// The loss of one batch: a scalar; 0, still tied to the graph, when the batch holds no pair to learn from.
  /// - Parameters:
  ///   - embeddings: `[N, D]`.
  ///   - relevance: of the same N items.
  ///   - generator: draws positives and random negatives.
  public func callAsFunction(
    _ embeddings: Tensor, relevance: BatchRelevance, generator: inout SeededGenerator
  ) throws -> Tensor {
    guard embeddings.rank == 2, embeddings.shape[0] == relevance.count else {
      throw IeumError(
        .data, "embeddings \(embeddings.shape) do not fit a relevance of \(relevance.count) items",
        remedy: "give one row per item")
    }
    if form == .pairs { return try pairLoss(embeddings, relevance, &generator) }
    let mined = try TripletMiner(batch: self, relevance: relevance).mine(embeddings, &generator)
    guard !mined.anchors.isEmpty else { return try embeddings.sum() * 0 }
    let anchors = try rows(embeddings, mined.anchors)
    let (positives, negatives) = (try rows(embeddings, mined.positives), try rows(embeddings, mined.negatives))
    if form == .triplets {
      let terms = try function.terms(.triplets(anchors: anchors, positives: positives, negatives: negatives))
      return try function.reduction(terms, count: mined.considered)
    }
    let labels = [Double](repeating: 0, count: mined.anchors.count) + [Double](repeating: 1, count: mined.anchors.count)
    let input = LossInput.labelledPairs(
      left: try Tensor.cat([anchors, anchors], dim: 0), right: try Tensor.cat([positives, negatives], dim: 0),
      labels: try Tensor(labels, shape: [labels.count]).to(embeddings.dtype).to(embeddings.device))
    return try function.reduction(function.terms(input), count: 2 * mined.considered)
  }

  private func pairLoss(
    _ embeddings: Tensor, _ relevance: BatchRelevance, _ generator: inout SeededGenerator
  ) throws -> Tensor {
    var pairs: [(anchor: Int, positive: Int)] = []
    for anchor in 0..<relevance.count {
      guard let positive = relevance.positives(of: anchor).randomElement(using: &generator) else { continue }
      pairs.append((anchor, positive))
    }
    guard !pairs.isEmpty else { return try embeddings.sum() * 0 }
    let mask = NegativeMask(count: pairs.count) { i, j in
      let (anchor, other) = (pairs[i].anchor, pairs[j].positive)
      return anchor != other && !relevance[anchor, other]
    }
    return try function(
      .pairs(
        anchors: rows(embeddings, pairs.map(\.anchor)), positives: rows(embeddings, pairs.map(\.positive)),
        negatives: mask))
  }

  private func rows(_ embeddings: Tensor, _ indices: [Int]) throws -> Tensor {
    try embeddings.indexSelect(dim: 0, Tensor(indices.map { Int64($0) }, shape: [indices.count]).to(embeddings.device))
  }
}
