import Basics
import CTorch

/// How a 1-D convolution is computed. The results agree to rounding; only the time differs.
public enum Conv1dEngine: String, CaseIterable, Sendable {
  /// The cheaper of the next two by a cost model; libtorch where neither fits.
  case automatic
  /// Products along the sequence, register-blocked: short kernels, few channels.
  case direct
  /// Products per frequency: long kernels over many channels.
  case fourier
  /// libtorch's own.
  case library

  var code: ct_conv1d_engine {
    switch self {
    case .automatic: CT_CONV1D_AUTOMATIC
    case .direct: CT_CONV1D_DIRECT
    case .fourier: CT_CONV1D_FOURIER
    case .library: CT_CONV1D_LIBRARY
    }
  }

  /// What the cost model behind ``automatic`` expects of a forward pass with "same" padding on one thread.
  public static func expectedSeconds(
    batch: Int, inputs: Int, outputs: Int, length: Int, kernel: Int
  ) -> (direct: Double, fourier: Double) {
    var (direct, fourier) = (0.0, 0.0)
    ct_conv1d_cost(
      Int64(batch), Int64(inputs), Int64(outputs), Int64(length), Int64(kernel), &direct, &fourier)
    return (direct, fourier)
  }
}

extension Tensor {
  /// `[N, C, L]`, weight `[Out, C / groups, K]` -> `[N, Out, L']`.
  public func conv1d(
    _ weight: Tensor, _ bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1
  ) throws -> Tensor {
    if stride == 1, dilation == 1, groups == 1 { return try conv1d(weight, bias, padding: (padding, padding)) }
    return try made {
      ct_conv(
        handle, weight.handle, bias?.handle, [stride].wide, [padding].wide, [dilation].wide, 1, Int64(groups), &$0)
    }
  }

  /// The same with stride 1 and each side's padding by itself.
  /// - Throws: ``IeumError`` (system) when shapes do not fit, or an engine asked for by name cannot serve them:
  ///   the two own ones take float32 and float64 on the CPU, with less padding than kernel.
  public func conv1d(
    _ weight: Tensor, _ bias: Tensor? = nil, padding: (left: Int, right: Int), engine: Conv1dEngine = .automatic
  ) throws -> Tensor {
    try made {
      ct_conv1d(
        handle, weight.handle, bias?.handle, Int64(padding.left), Int64(padding.right), engine.code, &$0)
    }
  }

  /// Convolution → ReLU → max over pairs → dropout as one operation: `[N, C, L]`, weight `[Out, C, K]` ->
  /// `[N, Out, L' / 2]`. What is not the larger of its pair is never stored.
  /// - Parameter dropout: in 0..<1; the mask comes from `generator` alone, which is not touched at 0.
  public func conv1dBlock(
    _ weight: Tensor, _ bias: Tensor?, padding: (left: Int, right: Int), dropout: Double,
    generator: inout SeededGenerator, engine: Conv1dEngine = .automatic
  ) throws -> Tensor {
    let seed = dropout > 0 ? generator.next() : 0
    return try made {
      ct_conv1d_block(
        handle, weight.handle, bias?.handle, Int64(padding.left), Int64(padding.right), dropout, seed, engine.code, &$0)
    }
  }
}
