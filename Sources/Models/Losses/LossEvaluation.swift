import Basics
import Tensors

/// A loss and its gradients on given embeddings, in float64: what `ieum loss` prints.
public struct LossEvaluation: Sendable {
  public let value: Double
  /// One gradient per embedding input, row-major, in the input's shape.
  public let gradients: [String: [Double]]

  /// - Parameters:
  ///   - name: a registered loss.
  ///   - parameters: its settings; the rest are defaults.
  ///   - inputs: values (row-major) and shape of each dataset: `anchors`, `positives`, … as
  ///   ``LossSpec/Input/names``,
  ///     `labels` for the contrastive loss, and optionally `queue_anchors` and `queue_positives` `[M, D]`, further
  ///     negatives, for losses that read a queue.
  /// - Throws: ``IeumError``: usage for an unknown loss or parameter; data for a missing or unknown dataset,
  ///   shapes that do not belong together, NaN, or labels other than 0 and 1.
  public static func run(
    name: String, parameters: [String: Scalar], inputs: [String: ([Double], [Int])]
  ) throws -> LossEvaluation {
    let spec = try LossRegistry.named(name)
    let loss = try spec.loss(parameters)
    let reader = LossInputReader(spec: spec, inputs: inputs)
    let tensors = try reader.embeddings()
    for tensor in tensors { tensor.requiresGrad = true }
    let value = try loss(reader.input(tensors))
    try value.backward()
    var gradients: [String: [Double]] = [:]
    for (name, tensor) in zip(spec.input.names, tensors) {
      gradients[name] = try tensor.grad?.doubles() ?? [Double](repeating: 0, count: tensor.count)
    }
    for value in loss.learned { gradients[value.name] = try value.tensor.grad?.doubles() ?? [0] }
    return LossEvaluation(value: try value.doubles()[0], gradients: gradients)
  }
}

/// Checks the datasets of a loss and makes tensors of them.
private struct LossInputReader {
  let spec: LossSpec
  let inputs: [String: ([Double], [Int])]

  func embeddings() throws -> [Tensor] {
    let expected = spec.input.names + (spec.input == .labelledPairs ? ["labels"] : [])
    if let missing = expected.first(where: { inputs[$0] == nil }) {
      throw IeumError(
        .data, "dataset '/\(missing)' is missing", place: "loss '\(spec.name)'",
        remedy: "give \(expected.map { "/\($0)" }.joined(separator: ", "))")
    }
    return try spec.input.names.map { try embedding($0) }
  }

  func input(_ tensors: [Tensor]) throws -> LossInput {
    let queue = try queue(rows: tensors[0].shape[0])
    switch spec.input {
    case .triplets: return .triplets(anchors: tensors[0], positives: tensors[1], negatives: tensors[2])
    case .pairs:
      return .pairs(
        anchors: tensors[0], positives: tensors[1], negatives: .offDiagonal(tensors[0].shape[0]),
        queue: queue)
    case .bags:
      return .bags(
        anchors: tensors[0], candidates: tensors[1], negatives: .offDiagonal(tensors[0].shape[0]))
    case .modalities: return .modalities(image: tensors[0], audio: tensors[1], text: tensors[2])
    case .labelledPairs: return .labelledPairs(left: tensors[0], right: tensors[1], labels: try labels())
    }
  }

  private func queue(rows: Int) throws -> QueuedPairs? {
    guard inputs["queue_anchors"] != nil || inputs["queue_positives"] != nil else { return nil }
    guard spec.readsQueue, spec.input == .pairs else {
      throw IeumError(
        .data, "datasets '/queue_…' are there, but this loss reads no queue", place: "loss '\(spec.name)'",
        remedy: "leave them out")
    }
    return QueuedPairs(
      anchors: try embedding("queue_anchors"), positives: try embedding("queue_positives"), rows: rows)
  }

  private func embedding(_ name: String) throws -> Tensor {
    let (values, shape) = inputs[name] ?? ([], [])
    guard shape.count == 2, shape[0] > 0, shape[1] > 0, values.count == shape[0] * shape[1] else {
      throw IeumError(
        .data, "has the shape \(shape)", place: "/\(name)",
        remedy: "give rows [N, D] with at least one row and column")
    }
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw IeumError(
        .data, "holds \(values[bad])", place: "/\(name), row \(bad / shape[1])",
        remedy: "give finite values")
    }
    return try Tensor(values, shape: shape)
  }

  private func labels() throws -> Tensor {
    let (values, shape) = inputs["labels"] ?? ([], [])
    guard shape.count == 1 || (shape.count == 2 && shape[1] == 1), values.count == shape[0] else {
      throw IeumError(
        .data, "has the shape \(shape)", place: "/labels", remedy: "give one label per pair, [N]")
    }
    if let bad = values.firstIndex(where: { $0 != 0 && $0 != 1 }) {
      throw IeumError(
        .data, "holds \(values[bad])", place: "/labels, row \(bad)",
        remedy: "use 0 for a similar pair and 1 for a dissimilar one")
    }
    return try Tensor(values, shape: [values.count])
  }
}
