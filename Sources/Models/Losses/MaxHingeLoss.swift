import Basics
import Tensors

/// maxⱼ[m + s(aᵢ,pⱼ) − s(aᵢ,pᵢ)]₊ + maxⱼ[m + s(aⱼ,pᵢ) − s(aᵢ,pᵢ)]₊ over the negatives of the batch.
/// - Source: Faghri et al. 2018 (VSE++), eq. 6; hong2022, figure 31.
public struct MaxHingeLoss: EmbeddingLoss {
  let margin: Double
  let similarity: RowSimilarity

  public static let spec = LossSpec(
    name: "max-hinge", input: .pairs, parameters: [.margin(0.2), RowSimilarity.parameter],
    summary: "the hardest hinge of each direction", source: "Faghri et al. 2018 (VSE++), eq. 6", readsQueue: true
  ) { MaxHingeLoss(margin: $0.double("margin"), similarity: try RowSimilarity($0)) }

  public func terms(_ input: LossInput) throws -> Tensor {
    let forward = try PairHinges(input, similarity).terms(margin: margin, mining: .hard)
    return try forward + PairHinges(input, similarity, reversed: true).terms(margin: margin, mining: .hard)
  }
}
