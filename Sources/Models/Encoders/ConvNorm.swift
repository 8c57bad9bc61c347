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

  /// What it clamps to, which a normalisation does on its way.
  var bounds: ClosedRange<Double>? {
    switch self {
    case .none: -.infinity ... .infinity
    case .relu: 0 ... .infinity
    case .relu6: 0...6
    case .silu: nil
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

/// Where a new network's weights come from: drawn, or zeros that a weight file is about to replace.
struct InitialWeights {
  var generator: SeededGenerator?

  mutating func normal(_ shape: [Int], std: Double) throws -> Tensor {
    guard var drawn = generator else { return try .zeros(shape) }
    defer { generator = drawn }
    return try .normal(shape, std: std, generator: &drawn)
  }
}

/// Named weights of a linear map or convolution: `weight`, and `bias` (zeros at first) where there is one.
final class Kernel: Module {
  let weight: Tensor
  let bias: Tensor?

  init(_ shape: [Int], std: Double, hasBias: Bool = false, _ initial: inout InitialWeights) throws {
    weight = try initial.normal(shape, std: std)
    bias = hasBias ? try .zeros([shape[0]]) : nil
    super.init()
    parameter("weight", weight)
    if let bias { parameter("bias", bias) }
  }
}

/// Convolution, batch normalisation and activation, registered in a module under two of its own names.
struct ConvNorm {
  let shape: ConvShape
  private let kernel: Kernel
  private let normalisation: BatchNorm2d

  /// Kernels are drawn as torchvision draws them (He et al. 2015, fan out); depth-wise ones by fan in, since their fan
  /// out over all groups would make the signal vanish without trained statistics.
  init(_ shape: ConvShape, _ initial: inout InitialWeights) throws {
    self.shape = shape
    let fan = shape.kernel[0] * shape.kernel[1] * (shape.groups == 1 ? shape.output : shape.input / shape.groups)
    kernel = try Kernel(
      [shape.output, shape.input / shape.groups] + shape.kernel, std: (2 / Double(fan)).squareRoot(), &initial)
    normalisation = try BatchNorm2d(shape.output, eps: shape.epsilon)
    if shape.scale != 1 { try normalisation.weight.assign(.full([shape.output], shape.scale)) }
  }

  func register(in module: Module, _ convolutionName: String, _ normalisationName: String) {
    module.child(convolutionName, kernel)
    module.child(normalisationName, normalisation)
  }

  func callAsFunction<Map: FeatureMap>(_ x: Map) throws -> Map { try x.convolved(by: self) }

  /// - Parameters:
  ///   - x: `[N, input, H, W]`.
  ///   - residual: what is added before the activation, `[N, output, H', W']`.
  ///   - activation: in place of the shape's own.
  /// - Returns: `[N, output, H', W']`.
  func applied(to x: Tensor, adding residual: Tensor? = nil, then activation: Activation? = nil) throws -> Tensor {
    let padded = shape.padding == nil ? try samePadded(x) : x
    let y = try padded.conv2d(
      weight: kernel.weight, stride: [shape.stride], padding: shape.padding ?? [0], groups: shape.groups)
    let activation = activation ?? shape.activation
    guard let bounds = activation.bounds else { return try activation(normalisation(y, adding: residual)) }
    return try normalisation(y, adding: residual, bounds: bounds)
  }

  private func samePadded(_ x: Tensor) throws -> Tensor {
    let window = window(over: Array(x.shape.suffix(2)))
    guard (window.before + window.after).contains(where: { $0 > 0 }) else { return x }
    return try x.pad([window.before[1], window.after[1], window.before[0], window.after[0]])
  }
}

// What a compiled plan needs to know.
extension ConvNorm {
  /// `[output, input / groups, KH, KW]`.
  var weight: Tensor { kernel.weight }

  /// The window over an image of `size` (height, width), with the padding that each side gets.
  func window(over size: [Int]) -> InferenceGraph.Window {
    let stride = [shape.stride, shape.stride]
    if let padding = shape.padding {
      return .init(kernel: shape.kernel, stride: stride, before: padding, after: padding)
    }
    let sides = zip(size, shape.kernel).map { length, kernel in
      let output = (length + shape.stride - 1) / shape.stride
      return max(0, (output - 1) * shape.stride + kernel - length)
    }
    let before = sides.map { $0 / 2 }
    return .init(kernel: shape.kernel, stride: stride, before: before, after: zip(sides, before).map { $0 - $1 })
  }

  /// The normalisation by running statistics as one scale and one shift per channel.
  func foldedNormalisation() throws -> (scale: [Float], shift: [Float]) {
    let (gains, biases) = (try normalisation.weight.doubles(), try normalisation.bias.doubles())
    let (means, variances) = (try normalisation.runningMean.doubles(), try normalisation.runningVar.doubles())
    let scale = gains.indices.map { gains[$0] / (variances[$0] + normalisation.eps).squareRoot() }
    let shift = gains.indices.map { biases[$0] - means[$0] * scale[$0] }
    return (scale.map { Float($0) }, shift.map { Float($0) })
  }
}
