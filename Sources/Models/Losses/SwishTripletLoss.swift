import Basics
import Tensors

/// Z·σ(Z) with Z = d(a,p) − d(a,n), on given triplets: the improved triplet ranking loss, without a margin.
/// - Source: hong2022 eqs. 14–15.
public struct SwishTripletLoss: EmbeddingLoss {
  let distance: RowDistance

  public static let spec = LossSpec(
    name: "swish-triplet", input: .triplets, parameters: [RowDistance.parameter],
    summary: "Z·σ(Z), Z = d(a,p) − d(a,n), on given triplets", source: "hong2022 eqs. 14–15"
  ) { SwishTripletLoss(distance: try RowDistance($0)) }

  public func terms(_ input: LossInput) throws -> Tensor {
    guard case .triplets(let anchors, let positives, let negatives) = input else {
      throw LossInput.mismatch(.triplets)
    }
    return try (distance.between(anchors, positives) - distance.between(anchors, negatives)).silu()
  }
}
