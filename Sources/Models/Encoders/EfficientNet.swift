import Basics
import Tensors

/// EfficientNet and EfficientNet-Lite with torchvision's parameter names (`features.1.0.block.0.0.weight`).
/// - Source: Tan & Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (ICML).
public final class EfficientNet: Module, ConvolutionalNetwork {
  /// What distinguishes the members of the family besides their size.
  struct Style: Sendable {
    /// EfficientNet-Lite: ReLU6 instead of SiLU, no squeeze-and-excitation.
    let isLite: Bool
    let convention: NetworkConvention
    let epsilon: Double

    var activation: Activation { isLite ? .relu6 : .silu }

    func shape(_ input: Int, _ output: Int, kernel: Int, stride: Int = 1) -> ConvShape {
      var shape = ConvShape(input, output, kernel)
      shape.stride = stride
      shape.padding = convention == .tensorflow && stride > 1 ? nil : [kernel / 2, kernel / 2]
      shape.epsilon = epsilon
      shape.activation = activation
      return shape
    }
  }

  private let stem: ConvNorm
  private let head: ConvNorm
  private let blocks: [InvertedResidual]

  init(plan: EfficientNetPlan, style: Style, initial: inout InitialWeights) throws {
    stem = try ConvNorm(style.shape(3, plan.stem, kernel: 3, stride: 2), &initial)
    var blocks: [InvertedResidual] = []
    for block in plan.blocks { blocks.append(try InvertedResidual(block, style, &initial)) }
    self.blocks = blocks
    let last = plan.blocks.last?.output ?? plan.stem
    head = try ConvNorm(style.shape(last, plan.head, kernel: 1), &initial)
    super.init()
    stem.register(in: self, "features.0.0", "features.0.1")
    for (block, module) in zip(plan.blocks, blocks) { child("features.\(block.stage + 1).\(block.place)", module) }
    head.register(in: self, "features.8.0", "features.8.1")
  }

  /// - Parameter pixels: `[N, 3, S, S]`.
  /// - Returns: `[N, D]`, D = 1280 for b0 and Lite.
  public func features(_ pixels: Tensor) throws -> Tensor { try trunk(pixels).globalAvgPool2d() }

  func trunk<Map: FeatureMap>(_ pixels: Map) throws -> Map {
    var x = try stem(pixels)
    for block in blocks { x = try block(x) }
    return try head(x)
  }
}

/// Expansion, depth-wise convolution, squeeze-and-excitation and projection, added to the input where shapes allow.
/// - Source: Sandler et al. 2018 (MobileNetV2), Hu et al. 2018 (squeeze-and-excitation).
final class InvertedResidual: Module {
  private let isResidual: Bool
  private let expand: ConvNorm?
  private let depthwise: ConvNorm
  private let squeeze: SqueezeExcitation?
  private let project: ConvNorm

  init(_ block: EfficientNetPlan.Block, _ style: EfficientNet.Style, _ initial: inout InitialWeights) throws {
    isResidual = block.isResidual
    expand =
      block.expand == 1 ? nil : try ConvNorm(style.shape(block.input, block.hidden, kernel: 1), &initial)
    var depth = style.shape(block.hidden, block.hidden, kernel: block.kernel, stride: block.stride)
    depth.groups = block.hidden
    depthwise = try ConvNorm(depth, &initial)
    squeeze =
      style.isLite ? nil : try SqueezeExcitation(block.hidden, squeezed: max(1, block.input / 4), &initial)
    var projection = style.shape(block.hidden, block.output, kernel: 1)
    projection.activation = .none
    project = try ConvNorm(projection, &initial)
    super.init()
    let layout = EfficientNetLayout(expands: block.expand != 1, squeezes: !style.isLite)
    if let index = layout.expand { expand?.register(in: self, "block.\(index).0", "block.\(index).1") }
    depthwise.register(in: self, "block.\(layout.depthwise).0", "block.\(layout.depthwise).1")
    if let index = layout.squeeze, let squeeze { child("block.\(index)", squeeze) }
    project.register(in: self, "block.\(layout.project).0", "block.\(layout.project).1")
  }

  func callAsFunction<Map: FeatureMap>(_ x: Map) throws -> Map {
    var y = try depthwise(expand?(x) ?? x)
    y = try squeeze?(y) ?? y
    return isResidual ? try y.convolved(by: project, plus: x, then: .none) : try project(y)
  }
}

/// Weighs each channel by a gate computed from the channels' means.
final class SqueezeExcitation: Module {
  private let reduce: Kernel
  private let restore: Kernel

  init(_ channels: Int, squeezed: Int, _ initial: inout InitialWeights) throws {
    reduce = try Kernel(
      [squeezed, channels, 1, 1], std: (2 / Double(channels)).squareRoot(), hasBias: true, &initial)
    restore = try Kernel(
      [channels, squeezed, 1, 1], std: (2 / Double(squeezed)).squareRoot(), hasBias: true, &initial)
    super.init()
    child("fc1", reduce)
    child("fc2", restore)
  }

  func callAsFunction<Map: FeatureMap>(_ x: Map) throws -> Map { try x.excited(by: self) }

  /// - Parameter x: `[N, C, H, W]`; the result has the same shape.
  func applied(to x: Tensor) throws -> Tensor {
    let means = try x.mean(dims: [2, 3], keepDim: true)
    let squeezed = try means.conv2d(weight: reduce.weight, bias: reduce.bias).silu()
    return try x * squeezed.conv2d(weight: restore.weight, bias: restore.bias).sigmoid()
  }

  /// The same as a step of a compiled plan.
  func traced(_ x: InferenceGraph.Value, in graph: InferenceGraph) throws -> InferenceGraph.Value {
    guard let reduceBias = reduce.bias, let restoreBias = restore.bias else {
      throw IeumError(.system, "an excitation has lost its biases")
    }
    return try graph.excitation(
      x, reduce: reduce.weight, reduceBias: reduceBias, restore: restore.weight, restoreBias: restoreBias)
  }
}
