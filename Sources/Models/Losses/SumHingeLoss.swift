import Basics
import Tensors

/// Σⱼ max(0, s(aᵢ,pⱼ) − s(aᵢ,pᵢ) + m) over the negatives j of anchor i; `directions=both` adds the other
/// side; `mining` keeps one of the negatives.
/// - Source: half2020, ranking loss; both directions: Faghri et al. 2018 (VSE++), eq. 5.
public struct SumHingeLoss: EmbeddingLoss {
  let margin: Double
  let similarity: RowSimilarity
  let both: Bool
  let mining: HingeMining

  public static let spec = LossSpec(
    name: "sum-hinge", input: .pairs,
    parameters: [
      .margin(0.2), RowSimilarity.parameter,
      ParameterSpec(
        "directions", default: .string("forward"), "anchors to positives only, or both ways",
        choices: ["forward", "both"]),
      HingeMining.parameter,
    ],
    summary: "sum of hinges over the negatives of the batch",
    source: "half2020; both directions: Faghri et al. 2018, eq. 5", readsQueue: true
  ) {
    SumHingeLoss(
      margin: $0.double("margin"), similarity: try RowSimilarity($0), both: $0.string("directions") == "both",
      mining: HingeMining($0))
  }

  public func terms(_ input: LossInput) throws -> Tensor {
    let forward = try PairHinges(input, similarity).terms(margin: margin, mining: mining)
    guard both else { return forward }
    return try forward + PairHinges(input, similarity, reversed: true).terms(margin: margin, mining: mining)
  }
}
