import Basics
import CTorch

/// The layers of a frozen transformer compiled for the CPU: weights packed, query, key and value in one product, the
/// sums inside the products, GELU while its values are in the cache, and no work on padding. Used from one thread at a
/// time.
public final class TransformerStack {
  /// The non-linearity of the perceptrons.
  public enum Activation: Sendable { case gelu, geluTanh, quickGELU, relu }

  public struct Shape: Sendable {
    public var width, heads, hidden: Int
    public var activation: Activation
    /// Whether branches' inputs are normalised (CLIP, ViT) or the sums after them (BERT).
    public var normalisesFirst: Bool
    /// Whether a place sees only itself and what stands before it.
    public var isCausal: Bool
    public var epsilon: Double

    public init(
      width: Int, heads: Int, hidden: Int, activation: Activation, normalisesFirst: Bool, isCausal: Bool = false,
      epsilon: Double
    ) {
      (self.width, self.heads, self.hidden, self.activation) = (width, heads, hidden, activation)
      (self.normalisesFirst, self.isCausal, self.epsilon) = (normalisesFirst, isCausal, epsilon)
    }
  }

  /// A linear map `[Out, In]` with its bias `[Out]`; several joined give one product.
  public struct Linear {
    let weights, biases: [Tensor]

    public init(_ weight: Tensor, _ bias: Tensor?) { self.init([(weight, bias)]) }

    public init(_ parts: [(weight: Tensor, bias: Tensor?)]) {
      weights = parts.map(\.weight)
      biases = parts.compactMap(\.bias)
    }

    fileprivate func values(_ outputs: Int, _ inputs: Int) throws -> (weight: [Float], bias: [Float]) {
      let weight = try weights.flatMap { try $0.floats() }
      let bias = biases.isEmpty ? [Float](repeating: 0, count: outputs) : try biases.flatMap { try $0.floats() }
      guard weight.count == outputs * inputs, bias.count == outputs else {
        throw IeumError(.system, "linear maps of shapes \(weights.map(\.shape)) do not fit \(inputs) → \(outputs)")
      }
      return (weight, bias)
    }
  }

  /// One layer's weights.
  public struct Layer {
    /// Query, key and value, in this order.
    public let attention: Linear
    public let output, up, down: Linear
    public let attentionNorm, perceptronNorm: LayerNorm

    public init(
      attention: Linear, output: Linear, up: Linear, down: Linear, attentionNorm: LayerNorm, perceptronNorm: LayerNorm
    ) {
      (self.attention, self.output, self.up, self.down) = (attention, output, up, down)
      (self.attentionNorm, self.perceptronNorm) = (attentionNorm, perceptronNorm)
    }
  }

  public let shape: Shape
  private let count: Int
  private let handle: OpaquePointer

  /// - Throws: ``IeumError`` (system) where this CPU has no fast products in the precision.
  public init(
    _ shape: Shape, layers: [Layer], precision: InferencePrecision, threads: Int = TensorRuntime.threads
  ) throws {
    (self.shape, count) = (shape, layers.count)
    let code = ct_layers_shape(
      width: Int64(shape.width), heads: Int64(shape.heads), hidden: Int64(shape.hidden),
      perceptron: shape.activation.code, normalise_first: shape.normalisesFirst, causal: shape.isCausal,
      epsilon: Float(shape.epsilon))
    var made: OpaquePointer?
    try check(ct_layers_new(code, precision.code, Int32(clamping: max(1, threads)), &made))
    guard let made else { throw IeumError(.system, "libtorch gave no result") }
    handle = made
    for layer in layers { try add(layer) }
  }

  deinit { ct_layers_free(handle) }

  private func add(_ layer: Layer) throws {
    let (width, hidden) = (shape.width, shape.hidden)
    let attention = try layer.attention.values(3 * width, width)
    let output = try layer.output.values(width, width)
    let (up, down) = (try layer.up.values(hidden, width), try layer.down.values(width, hidden))
    let norms = try [layer.attentionNorm, layer.perceptronNorm].flatMap { [try $0.weight.floats(), try $0.bias.floats()] }
    let all = [attention.weight, attention.bias, output.weight, output.bias, up.weight, up.bias, down.weight, down.bias]
      + norms
    try withPointers(all[...], []) { at in
      try check(
        ct_layers_add(
          handle,
          ct_layers_layer(
            qkv: at[0], qkv_bias: at[1], out: at[2], out_bias: at[3], up: at[4], up_bias: at[5], down: at[6],
            down_bias: at[7], attention_gain: at[8], attention_shift: at[9], perceptron_gain: at[10],
            perceptron_shift: at[11])))
    }
  }

  private func withPointers(
    _ arrays: ArraySlice<[Float]>, _ known: [UnsafePointer<Float>?], _ body: ([UnsafePointer<Float>?]) throws -> Void
  ) throws {
    guard let first = arrays.first else { return try body(known) }
    try first.withUnsafeBufferPointer { try withPointers(arrays.dropFirst(), known + [$0.baseAddress], body) }
  }

  /// All layers over the first `lengths[i]` places of each row; what lies behind them stays as it was.
  /// - Parameters:
  ///   - x: `[N, T, W]`, the input of the first layer.
  ///   - lengths: N numbers of 0…T.
  /// - Returns: `[N, T, W]`, the output of the last layer.
  public func callAsFunction(_ x: Tensor, lengths: [Int]) throws -> Tensor {
    let sizes = try x.sizes("[N, T, W]", rank: 3, of: "the input of transformer layers")
    guard sizes[0] == lengths.count, sizes[2] == shape.width else {
      throw IeumError(.system, "\(lengths.count) rows of width \(shape.width) do not fit \(sizes)")
    }
    var values = try x.floats()
    try values.withUnsafeMutableBufferPointer { values in
      try check(ct_layers_run(handle, values.baseAddress, Int64(sizes[0]), Int64(sizes[1]), lengths.wide))
    }
    if Stages.isOn { tell(lengths) }
    return try Tensor(values, shape: sizes)
  }

  /// Where the time of the last run went.
  private func tell(_ lengths: [Int]) {
    let (places, width, hidden) = (lengths.reduce(0, +), shape.width, shape.hidden)
    let stages = [
      ("query, key and value", CT_LAYERS_QKV, places * 3 * width * width),
      ("attention", CT_LAYERS_ATTENTION, lengths.reduce(0) { $0 + 2 * $1 * $1 } * width),
      ("attention's output", CT_LAYERS_OUT, places * width * width),
      ("perceptron up, with its activation", CT_LAYERS_UP, places * width * hidden),
      ("perceptron down", CT_LAYERS_DOWN, places * width * hidden), ("normalisation", CT_LAYERS_NORM, 0),
    ]
    for (name, code, products) in stages {
      Stages.add(Stage(name, seconds: ct_layers_seconds(handle, code), operations: 2 * Double(count * products)))
    }
  }
}

extension TransformerStack.Activation {
  fileprivate var code: ct_perceptron {
    switch self {
    case .gelu: CT_GELU_EXACT
    case .geluTanh: CT_GELU_BY_TANH
    case .quickGELU: CT_GELU_QUICK
    case .relu: CT_GELU_NONE_BUT_RELU
    }
  }
}
