import Basics
import Tensors

/// Σⱼ max(0, s(aᵢ,pⱼ) − s(aᵢ,pᵢ) + δ·σ(−s(aᵢ,aⱼ))): the more alike two anchors, the smaller the margin.
///
/// No gradient passes through the margin.
/// - Source: half2020, variable-margin ranking loss (anchors → positives).
public struct VariableMarginLoss: EmbeddingLoss {
  let margin: Double
  let similarity: RowSimilarity
  let mining: HingeMining

  public static let spec = LossSpec(
    name: "variable-margin", input: .pairs,
    parameters: [.margin(0.2), RowSimilarity.parameter, HingeMining.parameter],
    summary: "sum of hinges with a margin that shrinks between similar anchors", source: "half2020",
    readsQueue: true
  ) {
    VariableMarginLoss(
      margin: $0.double("margin"), similarity: try RowSimilarity($0), mining: HingeMining($0))
  }

  public func terms(_ input: LossInput) throws -> Tensor {
    try PairHinges(input, similarity).terms(variableMargin: margin, mining: mining)
  }
}
