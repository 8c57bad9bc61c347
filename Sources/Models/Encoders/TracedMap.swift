import Basics
import Tensors

/// A ``FeatureMap`` that records what a network does instead of doing it.
struct TracedMap: FeatureMap {
  let graph: InferenceGraph
  let value: InferenceGraph.Value

  /// The network's layers from one image of `side` × `side` pixels to the map before its mean.
  static func trunk(of network: some ConvolutionalNetwork, side: Int) throws -> TracedMap {
    let graph = try InferenceGraph(channels: 3, height: side, width: side)
    return try noGrad { try network.trunk(TracedMap(graph: graph, value: graph.input)) }
  }

  private func made(_ value: InferenceGraph.Value) -> TracedMap { TracedMap(graph: graph, value: value) }

  func convolved(by step: ConvNorm) throws -> TracedMap {
    let (scale, shift) = try step.foldedNormalisation()
    return made(
      try graph.convolution(
        value, weight: step.weight, scale: scale, shift: shift, window: step.window(over: Array(value.shape.suffix(2))),
        groups: step.shape.groups, activation: step.shape.activation.compiled))
  }

  func plus(_ other: TracedMap, then activation: Activation) throws -> TracedMap {
    made(try graph.sum(value, other.value, activation: activation.compiled))
  }

  func maxPooled(kernel: Int, stride: Int, padding: Int) throws -> TracedMap {
    made(try graph.pool(value, .max, window: .init(kernel: kernel, stride: stride, padding: padding)))
  }

  func averagePooled(kernel: Int, stride: Int, padding: Int, countsPadding: Bool) throws -> TracedMap {
    made(
      try graph.pool(
        value, countsPadding ? .average : .averageWithoutPadding,
        window: .init(kernel: kernel, stride: stride, padding: padding)))
  }

  func excited(by gate: SqueezeExcitation) throws -> TracedMap { made(try gate.traced(value, in: graph)) }

  static func concatenated(_ maps: [TracedMap]) throws -> TracedMap {
    guard let first = maps.first else { throw IeumError(.system, "there are no maps to join") }
    return first.made(try first.graph.concatenation(maps.map(\.value)))
  }
}

extension Activation {
  fileprivate var compiled: InferenceGraph.Activation {
    switch self {
    case .none: .none
    case .relu: .relu
    case .relu6: .relu6
    case .silu: .silu
    }
  }
}
