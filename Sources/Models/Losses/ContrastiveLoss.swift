import Basics
import Tensors

/// (1 − Y)·½·Z² + Y·½·max(0, m − Z)², Z the distance of a pair, Y = 0 for a similar pair and 1 for a dissimilar one.
/// - Source: hong2022 eqs. 17–18.
public struct ContrastiveLoss: EmbeddingLoss {
  let margin: Double
  let distance: RowDistance

  public static let spec = LossSpec(
    name: "contrastive", input: .labelledPairs, parameters: [.margin(1), RowDistance.parameter],
    summary: "½Z² for similar pairs, ½·max(0, m − Z)² for dissimilar ones", source: "hong2022 eqs. 17–18"
  ) { ContrastiveLoss(margin: $0.double("margin"), distance: try RowDistance($0)) }

  public func terms(_ input: LossInput) throws -> Tensor {
    guard case .labelledPairs(let left, let right, let labels) = input else {
      throw LossInput.mismatch(.labelledPairs)
    }
    let z = try distance.between(left, right)
    let similar = try (1 - labels) * z.square()
    let dissimilar = try labels * (margin - z).relu().square()
    return try (similar + dissimilar) * 0.5
  }
}
