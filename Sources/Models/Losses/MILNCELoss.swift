import Basics
import Tensors

/// −log( Σ_{c∈Pᵢ} e^{s(aᵢ,c)} / (Σ_{c∈Pᵢ} e^{s(aᵢ,c)} + Σ_{Nᵢ} e^{s}) ): several candidates of which some fit.
///
/// Pᵢ are anchor i's K candidates; Nᵢ are anchor i with the other anchors' candidates and anchor i's candidates with the
/// other anchors. Plain pairs are bags of one.
/// - Source: Miech et al. 2020, "End-to-End Learning of Visual Representations from Uncurated Instructional Videos", eq. 1.
///   The positives count once in the denominator, as printed; the authors' code counts them twice.
public struct MILNCELoss: EmbeddingLoss {
  let temperature: Double
  let similarity: RowSimilarity

  public static let spec = LossSpec(
    name: "mil-nce", input: .bags,
    parameters: [
      ParameterSpec("temperature", default: .double(1), "divides the similarities; greater than 0"),
      ParameterSpec(
        "similarity", default: .string(RowSimilarity.dot.rawValue), "similarity between rows",
        choices: RowSimilarity.allCases.map(\.rawValue)),
    ],
    summary: "softmax over the batch with several candidate positives per anchor",
    source: "Miech et al. 2020, eq. 1"
  ) {
    MILNCELoss(
      temperature: try InfoNCELoss.positive("temperature", $0, loss: "mil-nce"), similarity: try RowSimilarity($0))
  }

  public func terms(_ input: LossInput) throws -> Tensor {
    let (anchors, candidates, mask) = try Self.bags(input)
    let (rows, bag) = (mask.count, candidates.shape[0] / max(1, mask.count))
    // Entry (i, j, k): anchor i and candidate k of anchor j.
    let scores = try (similarity.matrix(anchors, candidates) / temperature).reshape([rows, rows, bag])
    let own = try Tensor((0..<rows).flatMap { Array(repeating: Int64($0), count: bag) }, shape: [rows, 1, bag])
    let positives = try scores.gather(dim: 1, own.to(anchors.device)).squeeze(1)
    let forward = try scores.maskedFill(mask.blankedOffDiagonal(like: anchors).unsqueeze(2), -.infinity)
    let backward = try scores.transposed(0, 1)
      .maskedFill(mask.transposed.blanked(like: anchors).unsqueeze(2), -.infinity)
    let all = try Tensor.cat([forward, backward], dim: 1).reshape([rows, -1])
    return try all.logSumExp(dim: 1) - positives.logSumExp(dim: 1)
  }

  private static func bags(_ input: LossInput) throws -> (Tensor, Tensor, NegativeMask) {
    switch input {
    case .bags(let anchors, let candidates, let mask): return (anchors, candidates, mask)
    case .pairs(let anchors, let positives, let mask, nil): return (anchors, positives, mask)
    default: throw LossInput.mismatch(.bags)
    }
  }
}
