import Basics
import Tensors

/// EfficientNet and EfficientNet-Lite with torchvision's parameter names (`features.1.0.block.0.0.weight`).
/// - Source: Tan & Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (ICML).
public final class EfficientNet: Module, ImageNetwork {
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

  private var stem: ConvNorm?
  private var head: ConvNorm?
  private var blocks: [InvertedResidual] = []

  init(plan: EfficientNetPlan, style: Style, generator: inout SeededGenerator) throws {
    super.init()
    let stemShape = style.shape(3, plan.stem, kernel: 3, stride: 2)
    stem = try ConvNorm(in: self, "features.0.0", "features.0.1", stemShape, &generator)
    for block in plan.blocks {
      let module = try InvertedResidual(block, style, &generator)
      child("features.\(block.stage + 1).\(block.place)", module)
      blocks.append(module)
    }
    let last = plan.blocks.last?.output ?? plan.stem
    let headShape = style.shape(last, plan.head, kernel: 1)
    head = try ConvNorm(in: self, "features.8.0", "features.8.1", headShape, &generator)
  }

  /// - Parameter pixels: `[N, 3, S, S]`.
  /// - Returns: `[N, D]`, D = 1280 for b0 and Lite.
  public func features(_ pixels: Tensor) throws -> Tensor {
    var x = try stem?(pixels) ?? pixels
    for block in blocks { x = try block(x) }
    return try (head?(x) ?? x).globalAvgPool2d()
  }
}

/// Expansion, depth-wise convolution, squeeze-and-excitation and projection, added to the input where shapes allow.
/// - Source: Sandler et al. 2018 (MobileNetV2), Hu et al. 2018 (squeeze-and-excitation).
final class InvertedResidual: Module {
  private let isResidual: Bool
  private var expand: ConvNorm?
  private var depthwise: ConvNorm?
  private var squeeze: SqueezeExcitation?
  private var project: ConvNorm?

  init(_ block: EfficientNetPlan.Block, _ style: EfficientNet.Style, _ generator: inout SeededGenerator) throws {
    isResidual = block.isResidual
    super.init()
    let layout = EfficientNetLayout(expands: block.expand != 1, squeezes: !style.isLite)
    func step(_ index: Int, _ shape: ConvShape) throws -> ConvNorm {
      try ConvNorm(in: self, "block.\(index).0", "block.\(index).1", shape, &generator)
    }
    expand = try layout.expand.map { try step($0, style.shape(block.input, block.hidden, kernel: 1)) }
    var depth = style.shape(block.hidden, block.hidden, kernel: block.kernel, stride: block.stride)
    depth.groups = block.hidden
    depthwise = try step(layout.depthwise, depth)
    if let index = layout.squeeze {
      let module = try SqueezeExcitation(
        channels: block.hidden, squeezed: max(1, block.input / 4), generator: &generator)
      child("block.\(index)", module)
      squeeze = module
    }
    var projection = style.shape(block.hidden, block.output, kernel: 1)
    projection.activation = .none
    project = try step(layout.project, projection)
  }

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    var y = try expand?(x) ?? x
    y = try depthwise?(y) ?? y
    y = try squeeze?(y) ?? y
    y = try project?(y) ?? y
    return isResidual ? try y + x : y
  }
}

/// Weighs each channel by a gate computed from the channels' means.
final class SqueezeExcitation: Module {
  private let reduce: Conv2d
  private let restore: Conv2d

  init(channels: Int, squeezed: Int, generator: inout SeededGenerator) throws {
    reduce = try Conv2d(channels, squeezed, kernel: [1, 1], bias: true, generator: &generator)
    restore = try Conv2d(squeezed, channels, kernel: [1, 1], bias: true, generator: &generator)
    super.init()
    child("fc1", reduce)
    child("fc2", restore)
  }

  /// - Parameter x: `[N, C, H, W]`; the result has the same shape.
  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let means = try x.globalAvgPool2d().reshape([x.shape[0], x.shape[1], 1, 1])
    return try x * restore(reduce(means).silu()).sigmoid()
  }
}
