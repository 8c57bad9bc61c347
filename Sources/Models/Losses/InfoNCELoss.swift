import Basics
import Tensors

/// Cross-entropy of finding the true partner among the batch, mean of both directions, in nats.
/// - Source: van den Oord et al. 2018; symmetric form: Radford et al. 2021, fig. 3. The temperature is fixed, not learned.
public struct InfoNCELoss: EmbeddingLoss {
  let temperature: Double
  let similarity: RowSimilarity

  public static let spec = LossSpec(
    name: "info-nce", input: .pairs,
    parameters: [
      ParameterSpec("temperature", default: .double(0.07), "divides the similarities; greater than 0"),
      RowSimilarity.parameter,
    ],
    summary: "softmax cross-entropy over the batch, both directions", source: "van den Oord et al. 2018; Radford et al. 2021"
  ) { try InfoNCELoss($0) }

  init(_ parameters: Parameters) throws {
    temperature = parameters.double("temperature")
    similarity = try RowSimilarity(parameters)
    guard temperature > 0 else {
      throw IeumError(
        .usage, "parameter 'temperature' cannot be \(temperature)", place: "loss 'info-nce'",
        remedy: "give a number greater than 0")
    }
  }

  public func terms(_ input: LossInput) throws -> Tensor {
    guard case .pairs(let anchors, let positives, let mask) = input else { throw LossInput.mismatch(.pairs) }
    let own = try Tensor((0..<mask.count).map { Int64($0) }, shape: [mask.count, 1]).to(anchors.device)
    let logits = try (similarity.matrix(anchors, positives) / temperature)
      .maskedFill(mask.blankedOffDiagonal(like: anchors), -.infinity)
    let forward = try logits.logSoftmax(dim: 1).gather(dim: 1, own)
    let backward = try logits.transposed(0, 1).logSoftmax(dim: 1).gather(dim: 1, own)
    return try ((forward + backward) * -0.5).squeeze(1)
  }
}
