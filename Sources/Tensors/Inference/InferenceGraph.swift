import Basics
import CTorch

/// What a convolutional network does to one image, recorded layer by layer so that it can be compiled for the CPU.
///
/// Layers are given with the tensors of their weights; the graph keeps copies. Used from one thread at a time.
public final class InferenceGraph {
  /// The result of a layer, or the image.
  public struct Value: Sendable, Equatable {
    let index: Int64
    /// `[channels, height, width]`.
    public let shape: [Int]
  }

  /// A window that moves over an image; pairs are height and width.
  public struct Window: Sendable {
    public var kernel: [Int]
    public var stride: [Int]
    /// Padding above and to the left, and below and to the right.
    public var before: [Int]
    public var after: [Int]

    public init(kernel: [Int], stride: [Int], before: [Int], after: [Int]) {
      (self.kernel, self.stride, self.before, self.after) = (kernel, stride, before, after)
    }

    public init(kernel: Int, stride: Int, padding: Int) {
      self.init(
        kernel: [kernel, kernel], stride: [stride, stride], before: [padding, padding], after: [padding, padding])
    }

    fileprivate func code() throws -> ct_window {
      guard [kernel, stride, before, after].allSatisfy({ $0.count == 2 }) else {
        throw IeumError(.system, "a window over an image needs pairs of sizes")
      }
      func pair(_ values: [Int]) -> (Int64, Int64) { (Int64(values[0]), Int64(values[1])) }
      return ct_window(kernel: pair(kernel), stride: pair(stride), before: pair(before), after: pair(after))
    }
  }

  public enum Activation: Sendable { case none, relu, relu6, silu }
  public enum Pool: Sendable { case max, average, averageWithoutPadding }

  /// The image.
  public let input: Value
  private let handle: OpaquePointer

  public init(channels: Int, height: Int, width: Int) throws {
    var made: OpaquePointer?
    try check(ct_graph_new(Int64(channels), Int64(height), Int64(width), &made))
    guard let made else { throw IeumError(.system, "libtorch gave no result") }
    handle = made
    input = Value(index: 0, shape: [channels, height, width])
  }

  deinit { ct_graph_free(handle) }

  /// Convolution without bias, then a scale and a shift per output channel, then the activation.
  /// - Parameters:
  ///   - weight: `[Out, In / groups, KH, KW]`.
  ///   - scale: `[Out]`: folded normalisation, or ones.
  ///   - shift: `[Out]`: folded normalisation, or the bias.
  public func convolution(
    _ x: Value, weight: Tensor, scale: [Float], shift: [Float], window: Window, groups: Int, activation: Activation
  ) throws -> Value {
    let (outputs, inputs) = (scale.count, x.shape[0])
    guard groups > 0, weight.shape == [outputs, inputs / groups] + window.kernel, shift.count == outputs else {
      throw IeumError(.system, "a kernel of shape \(weight.shape) does not fit \(inputs) channels")
    }
    let (values, code) = (try weight.floats(), try window.code())
    return try added {
      ct_graph_conv(
        handle, x.index, code, Int64(outputs), Int64(groups), activation.code, values, scale, shift, &$0)
    }
  }

  /// activation(a + b).
  public func sum(_ a: Value, _ b: Value, activation: Activation) throws -> Value {
    try added { ct_graph_add(handle, a.index, b.index, activation.code, &$0) }
  }

  public func pool(_ x: Value, _ kind: Pool, window: Window) throws -> Value {
    let (kind, code) = (kind.code, try window.code())
    return try added { ct_graph_pool(handle, x.index, kind, code, &$0) }
  }

  /// Joins channels.
  public func concatenation(_ values: [Value]) throws -> Value {
    try added { ct_graph_concat(handle, values.map(\.index), Int64(values.count), &$0) }
  }

  /// x · σ(W₂ · silu(W₁ · mean(x) + b₁) + b₂).
  /// - Parameters:
  ///   - reduce: W₁, `[S, C]` or with two trailing ones.
  ///   - restore: W₂, `[C, S]`.
  /// - Source: Hu et al. 2018, "Squeeze-and-Excitation Networks", equations 2–4 (there with ReLU).
  public func excitation(
    _ x: Value, reduce: Tensor, reduceBias: Tensor, restore: Tensor, restoreBias: Tensor
  ) throws -> Value {
    let squeezed = reduceBias.count
    guard reduce.count == squeezed * x.shape[0], restore.count == reduce.count, restoreBias.count == x.shape[0] else {
      throw IeumError(.system, "an excitation of shape \(reduce.shape) does not fit \(x.shape[0]) channels")
    }
    let (w1, b1) = (try reduce.floats(), try reduceBias.floats())
    let (w2, b2) = (try restore.floats(), try restoreBias.floats())
    return try added { ct_graph_excite(handle, x.index, Int64(squeezed), w1, b1, w2, b2, &$0) }
  }

  /// Multiply-accumulate operations of one image.
  public var multiplications: Double { ct_graph_macs(handle) }

  /// The number of images at a time for which weights and activations together use the caches best.
  public var naturalBatch: Int { Int(ct_graph_batch(handle)) }

  /// Compiles what leads to `output` and its mean over all places.
  /// - Parameters:
  ///   - batch: images at a time, exactly.
  ///   - streams: batches that are computed side by side; several have one thread each.
  ///   - threads: threads of one stream (default: all).
  /// - Throws: ``IeumError`` (system) naming a layer for which this CPU has no fast implementation.
  public func compile(
    _ output: Value, batch: Int, precision: InferencePrecision = .f32, streams: Int = 1,
    threads: Int? = nil
  ) throws -> InferencePlan {
    var plan: OpaquePointer?
    try check(
      ct_plan_compile(
        handle, output.index, Int64(batch), precision.code, Int32(clamping: streams),
        Int32(clamping: threads ?? (streams > 1 ? 1 : TensorRuntime.threads)), &plan))
    guard let plan else { throw IeumError(.system, "libtorch gave no result") }
    return InferencePlan(
      owning: plan, batch: batch, pixels: input.shape.reduce(1, *), features: output.shape[0])
  }

  private func added(_ body: (inout Int64) -> Int32) throws -> Value {
    var index: Int64 = 0
    try check(body(&index))
    var shape: [Int64] = [0, 0, 0]
    try check(ct_graph_shape(handle, index, &shape))
    return Value(index: index, shape: shape.map { Int($0) })
  }
}

extension InferenceGraph.Activation {
  fileprivate var code: ct_activation {
    switch self {
    case .none: CT_ACT_NONE
    case .relu: CT_ACT_RELU
    case .relu6: CT_ACT_RELU6
    case .silu: CT_ACT_SILU
    }
  }
}

extension InferenceGraph.Pool {
  fileprivate var code: ct_pool_kind {
    switch self {
    case .max: CT_POOL_MAX
    case .average: CT_POOL_AVG
    case .averageWithoutPadding: CT_POOL_AVG_EXCLUDE_PADDING
    }
  }
}
