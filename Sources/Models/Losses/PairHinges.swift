import Tensors

/// Hinges of every negative cross pair of a batch; 0 elsewhere. Shared by the in-batch ranking losses.
struct PairHinges {
  let anchors: Tensor
  /// s(aᵢ, pⱼ), `[N, N]`.
  let scores: Tensor
  /// True where (i, j) is not a negative pair, `[N, N]`.
  let blanked: Tensor
  private let diagonal: Tensor

  init(_ input: LossInput, _ similarity: RowSimilarity) throws {
    guard case .pairs(let anchors, let positives, let mask) = input else { throw LossInput.mismatch(.pairs) }
    self.anchors = anchors
    scores = try similarity.matrix(anchors, positives)
    blanked = try mask.blanked(like: anchors)
    diagonal = try scores.gather(dim: 1, Self.ownIndex(mask.count).to(anchors.device))
  }

  private static func ownIndex(_ count: Int) throws -> Tensor {
    try Tensor((0..<count).map { Int64($0) }, shape: [count, 1])
  }

  /// max(0, s(aᵢ,pⱼ) − s(aᵢ,pᵢ) + m), `[N, N]`: anchor i (row) against the wrong positives j (columns).
  func forward(margin: Double) throws -> Tensor {
    try (scores - diagonal + margin).relu().maskedFill(blanked, 0)
  }

  /// As ``forward(margin:)``, with a margin of its own for every pair, `[N, N]`.
  func forward(margins: Tensor) throws -> Tensor {
    try (scores - diagonal + margins).relu().maskedFill(blanked, 0)
  }

  /// max(0, s(aᵢ,pⱼ) − s(aⱼ,pⱼ) + m), `[N, N]`: positive j (column) against the wrong anchors i (rows).
  func backward(margin: Double) throws -> Tensor {
    try (scores - diagonal.transposed(0, 1) + margin).relu().maskedFill(blanked, 0)
  }
}
