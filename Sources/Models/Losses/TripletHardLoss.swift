import Basics
import Tensors

/// The triplet loss in batch, each anchor with its nearest negative. In training: triplets mined hard.
/// - Source: hong2022 eqs. 9, 12.
public struct TripletHardLoss: EmbeddingLoss {
  let triplet: TripletLoss

  public static let spec = LossSpec(
    name: "triplet-hard", input: .pairs, parameters: [.margin(0.2), RowDistance.parameter],
    summary: "triplet loss in batch, the nearest negative of every anchor", source: "hong2022 eqs. 9, 12",
    fixedMining: .hard
  ) { TripletHardLoss(triplet: try TripletLoss($0)) }

  public func terms(_ input: LossInput) throws -> Tensor {
    if case .triplets = input { return try triplet.terms(input) }
    return try triplet.terms(inBatch: input, semiHard: false)
  }
}
