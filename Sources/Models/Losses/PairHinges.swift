import Basics
import Tensors

/// Which hinges of an anchor count.
enum HingeMining: String, CaseIterable, Sendable {
  /// All of them, summed.
  case all
  /// The largest.
  case hard
  /// The largest among negatives that are less similar than the positive; 0 without one.
  case semiHard = "semi-hard"

  static let parameter = ParameterSpec(
    "mining", default: .string(HingeMining.all.rawValue),
    "negatives of an anchor that count: all (summed), the hardest, or the hardest that is less similar than the positive",
    choices: allCases.map(\.rawValue))

  init(_ parameters: Parameters) { self = HingeMining(rawValue: parameters.string("mining")) ?? .all }
}

/// One direction of an in-batch ranking loss: every anchor against the wrong partners of the batch and of the
/// queue. Shared by all hinge losses.
struct PairHinges {
  /// s(aᵢ, bⱼ), `[N, N + M]`: the batch's N partners, then the queue's M.
  private let scores: Tensor
  /// s(aᵢ, bᵢ), `[N, 1]`.
  private let own: Tensor
  /// True where (i, j) is not a negative pair, `[N, N + M]`.
  private let blanked: Tensor
  private let anchors: Tensor
  /// The anchors that the columns belong to, `[N + M, D]`.
  private let columnAnchors: Tensor
  private let similarity: RowSimilarity

  /// - Parameter reversed: positives take the part of the anchors.
  init(_ input: LossInput, _ similarity: RowSimilarity, reversed: Bool = false) throws {
    guard case .pairs(let first, let second, let mask, let queue) = input else {
      throw LossInput.mismatch(.pairs)
    }
    let anchors = reversed ? second : first
    let straight = try similarity.matrix(first, second)
    let square = reversed ? try straight.transposed(0, 1) : straight
    own = try square.gather(dim: 1, Self.ownIndex(mask.count).to(anchors.device))
    let batchMask = try (reversed ? mask.transposed : mask).blanked(like: anchors)
    self.anchors = anchors
    self.similarity = similarity
    guard let queue else {
      (scores, blanked, columnAnchors) = (square, batchMask, anchors)
      return
    }
    let (queuedAnchors, queuedPartners) =
      reversed ? (queue.positives, queue.anchors) : (queue.anchors, queue.positives)
    scores = try Tensor.cat([square, similarity.matrix(anchors, queuedPartners)], dim: 1)
    blanked = try Tensor.cat([batchMask, queue.blanked(rows: mask.count, like: anchors)], dim: 1)
    columnAnchors = try Tensor.cat([anchors, queuedAnchors], dim: 0)
  }

  static func ownIndex(_ count: Int) throws -> Tensor {
    try Tensor((0..<count).map { Int64($0) }, shape: [count, 1])
  }

  /// max(0, s(aᵢ,bⱼ) − s(aᵢ,bᵢ) + m) over the negatives j, mined and summed: `[N]`.
  func terms(margin: Double, mining: HingeMining) throws -> Tensor {
    try mined((scores - own + margin).relu().maskedFill(blanked, 0), mining)
  }

  /// The same with the margin δ·σ(−s(aᵢ,aⱼ)), aⱼ the anchor that bⱼ belongs to; no gradient through the margin.
  func terms(variableMargin delta: Double, mining: HingeMining) throws -> Tensor {
    let margins = try (-similarity.matrix(anchors.detached(), columnAnchors.detached())).sigmoid() * delta
    return try mined((scores - own + margins).relu().maskedFill(blanked, 0), mining)
  }

  private func mined(_ hinges: Tensor, _ mining: HingeMining) throws -> Tensor {
    switch mining {
    case .all: return try hinges.sum(dim: 1)
    case .hard: return try hinges.max(dim: 1).values
    case .semiHard:
      let tooHard = try scores.detached().greaterEqual(own.detached())
      return try hinges.maskedFill(tooHard, 0).max(dim: 1).values
    }
  }
}
