import Basics
import Tensors

/// max(0, m + d(a,p) − d(a,n)) on given triplets.
/// - Source: hong2022 eq. 9.
public struct TripletLoss: EmbeddingLoss {
  let margin: Double
  let distance: RowDistance

  public static let spec = LossSpec(
    name: "triplet", input: .triplets, parameters: [.margin(0.2), RowDistance.parameter],
    summary: "max(0, m + d(a,p) − d(a,n)) on given triplets", source: "hong2022 eq. 9"
  ) { try TripletLoss($0) }

  init(_ parameters: Parameters) throws {
    margin = parameters.double("margin")
    distance = try RowDistance(parameters)
  }

  public func terms(_ input: LossInput) throws -> Tensor {
    guard case .triplets(let anchors, let positives, let negatives) = input else {
      throw LossInput.mismatch(.triplets)
    }
    let gap = try distance.between(anchors, positives) - distance.between(anchors, negatives)
    return try (gap + margin).relu()
  }

  /// Terms of in-batch pairs when each anchor meets the nearest negative of a region; 0 where the region is
  /// empty.
  func terms(inBatch input: LossInput, semiHard: Bool) throws -> Tensor {
    guard case .pairs(let anchors, let positives, let mask, nil) = input else { throw LossInput.mismatch(.pairs) }
    let table = try DistanceTable(anchors, positives, distance)
    let chosen = (0..<mask.count).map { i -> Int? in
      let row = table.row(i)
      let region: NegativeRegion =
        semiHard ? .semiHard(positive: row[row.startIndex + i], margin: margin) : .anywhere
      return region.nearest(row) { mask.isNegative[i * mask.count + $0] }
    }
    let indices = try Tensor(chosen.enumerated().map { Int64($1 ?? $0) }, shape: [mask.count]).to(
      anchors.device)
    let isEmpty = try Tensor(chosen.map { $0 == nil }, shape: [mask.count]).to(anchors.device)
    let negatives = try positives.indexSelect(dim: 0, indices)
    return try terms(.triplets(anchors: anchors, positives: positives, negatives: negatives)).maskedFill(
      isEmpty, 0)
  }
}
