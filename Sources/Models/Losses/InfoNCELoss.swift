import Basics
import Foundation
import Tensors

/// Cross-entropy of finding the true partner among the batch (and the queue), mean of both directions, in nats.
///
/// With `learned=true` the logit scale 1 / temperature is trained: its logarithm is the parameter, started at
/// −ln(temperature) and held in 0 … ln(maximumScale).
/// - Source: van den Oord et al. 2018; symmetric form and learned scale: Radford et al. 2021, fig. 3 and section 2.5.
public struct InfoNCELoss: EmbeddingLoss {
  let temperature: Double
  let similarity: RowSimilarity
  public let learned: [LearnedValue]

  public static let spec = LossSpec(
    name: "info-nce", input: .pairs,
    parameters: [
      ParameterSpec("temperature", default: .double(0.07), "divides the similarities; greater than 0"),
      RowSimilarity.parameter,
      ParameterSpec("learned", default: .bool(false), "train the logit scale, started at 1 / temperature"),
      ParameterSpec("maximumScale", default: .double(100), "upper bound of a learned logit scale, at least 1"),
    ],
    summary: "softmax cross-entropy over the batch, both directions",
    source: "van den Oord et al. 2018; Radford et al. 2021", readsQueue: true
  ) { try InfoNCELoss($0) }

  init(_ parameters: Parameters) throws {
    temperature = try Self.positive("temperature", parameters, loss: "info-nce")
    similarity = try RowSimilarity(parameters)
    guard parameters.bool("learned") else {
      learned = []
      return
    }
    let maximum = parameters.double("maximumScale")
    guard maximum >= 1 else {
      throw IeumError(
        .usage, "parameter 'maximumScale' cannot be \(maximum)", place: "loss 'info-nce'", remedy: "give 1 or more")
    }
    let start = min(max(0, -log(temperature)), log(maximum))
    let scale = try Tensor([start], shape: [])
    scale.requiresGrad = true
    learned = [LearnedValue(name: "logit_scale", tensor: scale, bounds: 0...log(maximum))]
  }

  static func positive(_ name: String, _ parameters: Parameters, loss: String) throws -> Double {
    let value = parameters.double(name)
    guard value > 0 else {
      throw IeumError(
        .usage, "parameter '\(name)' cannot be \(value)", place: "loss '\(loss)'",
        remedy: "give a number greater than 0")
    }
    return value
  }

  public func terms(_ input: LossInput) throws -> Tensor {
    guard case .pairs(let anchors, let positives, let mask, let queue) = input else {
      throw LossInput.mismatch(.pairs)
    }
    let own = try PairHinges.ownIndex(mask.count).to(anchors.device)
    let scores = try scaled(similarity.matrix(anchors, positives))
    func direction(_ square: Tensor, _ mask: NegativeMask, _ rows: Tensor, _ queued: Tensor?) throws -> Tensor {
      var logits = try square.maskedFill(mask.blankedOffDiagonal(like: anchors), -.infinity)
      if let queue, let queued {
        let more = try scaled(similarity.matrix(rows, queued))
          .maskedFill(queue.blanked(rows: mask.count, like: anchors), -.infinity)
        logits = try Tensor.cat([logits, more], dim: 1)
      }
      return try logits.logSoftmax(dim: 1).gather(dim: 1, own)
    }
    let forward = try direction(scores, mask, anchors, queue?.positives)
    let backward = try direction(scores.transposed(0, 1), mask.transposed, positives, queue?.anchors)
    return try ((forward + backward) * -0.5).squeeze(1)
  }

  private func scaled(_ scores: Tensor) throws -> Tensor {
    guard let scale = learned.first else { return try scores / temperature }
    return try scores * scale.tensor.exp().to(scores.dtype).to(scores.device)
  }
}
