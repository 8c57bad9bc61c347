import Basics
import Tensors

/// The triplet loss in batch, each anchor with the nearest negative of the semi-hard region
/// d(a,p) < d(a,n) < d(a,p) + m; an anchor that has none contributes 0. In training: triplets mined semi-hard.
/// - Source: hong2022 eqs. 9, 11.
public struct TripletSemihardLoss: EmbeddingLoss {
  let triplet: TripletLoss

  public static let spec = LossSpec(
    name: "triplet-semihard", input: .pairs, parameters: [.margin(0.2), RowDistance.parameter],
    summary: "triplet loss in batch, the nearest semi-hard negative of every anchor", source: "hong2022 eqs. 9, 11",
    fixedMining: .semiHard
  ) { TripletSemihardLoss(triplet: try TripletLoss($0)) }

  public func terms(_ input: LossInput) throws -> Tensor {
    if case .triplets = input { return try triplet.terms(input) }
    return try triplet.terms(inBatch: input, semiHard: true)
  }
}
