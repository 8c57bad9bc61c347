import Basics
import Tensors

/// What follows a convolution's normalisation.
enum Activation: Sendable {
  case none, relu, relu6, silu

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    switch self {
    case .none: x
    case .relu: try x.relu()
    case .relu6: try x.relu6()
    case .silu: try x.silu()
    }
  }
}

/// The numbers that define one bias-free convolution and its normalisation.
struct ConvShape: Sendable {
  let input: Int
  let output: Int
  /// Height and width of the kernel.
  let kernel: [Int]
  var stride = 1
  /// Symmetric padding, or nil for TensorFlow's 'SAME': output = ceil(input / stride), the odd pixel at the end.
  var padding: [Int]? = [0, 0]
  var groups = 1
  var epsilon = 1e-5
  var activation = Activation.relu
  /// Initial scale of the normalisation.
  var scale = 1.0

  init(_ input: Int, _ output: Int, kernel: [Int]) {
    self.input = input
    self.output = output
    self.kernel = kernel
  }

  init(_ input: Int, _ output: Int, _ kernel: Int) { self.init(input, output, kernel: [kernel, kernel]) }
}

/// Convolution, batch normalisation and activation, registered in a module under two of its own names.
struct ConvNorm {
  private let shape: ConvShape
  private let convolution: Conv2d
  private let normalisation: BatchNorm2d

  /// Kernels are drawn as torchvision draws them (He et al. 2015, fan out); depth-wise ones by fan in, since their fan
  /// out over all groups would make the signal vanish without trained statistics.
  init(
    in module: Module, _ convolutionName: String, _ normalisationName: String, _ shape: ConvShape,
    _ generator: inout SeededGenerator
  ) throws {
    self.shape = shape
    convolution = try Conv2d(
      shape.input, shape.output, kernel: shape.kernel, stride: [shape.stride, shape.stride],
      padding: shape.padding ?? [0, 0], groups: shape.groups, bias: false, generator: &generator)
    let fan = shape.kernel[0] * shape.kernel[1] * (shape.groups == 1 ? shape.output : shape.input / shape.groups)
    try convolution.weight.assign(
      Tensor.normal(convolution.weight.shape, std: (2 / Double(fan)).squareRoot(), generator: &generator))
    normalisation = try BatchNorm2d(shape.output, epsilon: shape.epsilon)
    if shape.scale != 1, let weight = normalisation.weight {
      try weight.assign(Tensor.full([shape.output], shape.scale))
    }
    module.child(convolutionName, convolution)
    module.child(normalisationName, normalisation)
  }

  /// - Parameter x: `[N, input, H, W]`.
  /// - Returns: `[N, output, H', W']`.
  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let padded = shape.padding == nil ? try samePadded(x) : x
    return try shape.activation(normalisation(convolution(padded)))
  }

  private func samePadded(_ x: Tensor) throws -> Tensor {
    let sides = zip(x.shape.suffix(2), shape.kernel).map { length, kernel in
      let output = (length + shape.stride - 1) / shape.stride
      return max(0, (output - 1) * shape.stride + kernel - length)
    }
    guard sides.contains(where: { $0 > 0 }) else { return x }
    let (top, left) = (sides[0] / 2, sides[1] / 2)
    return try x.pad([left, sides[1] - left, top, sides[0] - top])
  }
}
