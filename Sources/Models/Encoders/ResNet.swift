import Basics
import Tensors

/// Residual networks of 18 to 152 layers with torchvision's parameter names.
/// - Source: He et al. 2016, "Deep Residual Learning for Image Recognition", Table 1; the stride of a bottleneck sits on
///   its 3×3 convolution (torchvision's "v1.5"), with Keras' weights on its first 1×1.
public final class ResNet: Module, ConvolutionalNetwork {
  private let stem: ConvNorm
  private var blocks: [ResidualBlock] = []

  /// - Parameters:
  ///   - depths: blocks in each of the four stages.
  ///   - bottleneck: three convolutions per block (50 layers and more) instead of two.
  ///   - channels: of the pictures.
  init(
    depths: [Int], bottleneck: Bool, channels: Int = 3, convention: NetworkConvention, initial: inout InitialWeights
  ) throws {
    var shape = ConvShape(channels, 64, 7)
    shape.stride = 2
    shape.padding = [3, 3]
    shape.epsilon = ResNet.epsilon(convention)
    stem = try ConvNorm(shape, &initial)
    super.init()
    stem.register(in: self, "conv1", "bn1")
    var input = 64
    for (stage, depth) in depths.enumerated() {
      for place in 0..<depth {
        let block = try ResidualBlock(
          input: input, width: 64 << stage, stride: stage > 0 && place == 0 ? 2 : 1, bottleneck: bottleneck,
          convention: convention, initial: &initial)
        child("layer\(stage + 1).\(place)", block)
        blocks.append(block)
        input = block.output
      }
    }
  }

  static func epsilon(_ convention: NetworkConvention) -> Double { convention == .pytorch ? 1e-5 : 1.001e-5 }

  static func resNet18(channels: Int, _ initial: inout InitialWeights) throws -> ResNet {
    try ResNet(depths: [2, 2, 2, 2], bottleneck: false, channels: channels, convention: .pytorch, initial: &initial)
  }

  /// - Parameter pixels: `[N, channels, H, W]`.
  /// - Returns: `[N, 512]` or, with bottlenecks, `[N, 2048]`.
  public func features(_ pixels: Tensor) throws -> Tensor { try trunk(pixels).globalAvgPool2d() }

  func trunk<Map: FeatureMap>(_ pixels: Map) throws -> Map {
    var x = try stem(pixels).maxPooled(kernel: 3, stride: 2, padding: 1)
    for block in blocks { x = try block(x) }
    return x
  }
}

/// Two or three convolutions around which the input is added.
final class ResidualBlock: Module {
  let output: Int
  private let steps: [ConvNorm]
  private let shortcut: ConvNorm?

  /// The scale of a branch's last normalisation before training. Trained statistics keep the sum of branches in bounds;
  /// random networks have none, and with 1 the signal of ResNet-152 would grow by 2^25.
  private static let branchScale = 0.2

  init(
    input: Int, width: Int, stride: Int, bottleneck: Bool, convention: NetworkConvention,
    initial: inout InitialWeights
  ) throws {
    output = bottleneck ? 4 * width : width
    let kernels = bottleneck ? [1, 3, 1] : [3, 3]
    let strided = bottleneck && convention == .pytorch ? 1 : 0
    var steps: [ConvNorm] = []
    for (index, kernel) in kernels.enumerated() {
      let isLast = index == kernels.count - 1
      var shape = ConvShape(index == 0 ? input : width, isLast ? output : width, kernel)
      shape.stride = index == strided ? stride : 1
      shape.padding = [kernel / 2, kernel / 2]
      shape.epsilon = ResNet.epsilon(convention)
      shape.activation = isLast ? .none : .relu
      shape.scale = isLast ? Self.branchScale : 1
      steps.append(try ConvNorm(shape, &initial))
    }
    self.steps = steps
    shortcut =
      stride == 1 && input == output
      ? nil : try Self.shortcut(input, output, stride: stride, epsilon: ResNet.epsilon(convention), &initial)
    super.init()
    for (index, step) in steps.enumerated() { step.register(in: self, "conv\(index + 1)", "bn\(index + 1)") }
    shortcut?.register(in: self, "downsample.0", "downsample.1")
  }

  private static func shortcut(
    _ input: Int, _ output: Int, stride: Int, epsilon: Double, _ initial: inout InitialWeights
  ) throws -> ConvNorm {
    var shape = ConvShape(input, output, 1)
    shape.stride = stride
    shape.epsilon = epsilon
    shape.activation = .none
    return try ConvNorm(shape, &initial)
  }

  func callAsFunction<Map: FeatureMap>(_ x: Map) throws -> Map {
    var y = x
    for step in steps.dropLast() { y = try step(y) }
    return try y.convolved(by: steps[steps.count - 1], plus: shortcut?(x) ?? x, then: .relu)
  }
}

extension ResNet {
  static let specs: [ImageEncoderSpec] = [
    spec(18, [2, 2, 2, 2]), spec(34, [3, 4, 6, 3]), spec(50, [3, 4, 6, 3]), spec(101, [3, 4, 23, 3]),
    spec(152, [3, 8, 36, 3]),
  ]

  private static func spec(_ layers: Int, _ depths: [Int]) -> ImageEncoderSpec {
    let bottleneck = layers >= 50
    return ImageEncoderSpec(
      name: "resnet\(layers)", summary: "Residual network of \(layers) layers",
      source: "He et al. 2016, Deep Residual Learning for Image Recognition (CVPR)",
      dimension: bottleneck ? 2048 : 512,
      preprocessing: ImagePreprocessing(
        resize: 256, crop: 224, interpolation: .bilinear, mean: ImagePreprocessing.imageNetMean,
        std: ImagePreprocessing.imageNetStd),
      ignored: ["fc.", "predictions/", "probs/", "fc1000/"],
      build: { convention, initial in
        try ResNet(depths: depths, bottleneck: bottleneck, convention: convention, initial: &initial)
      },
      normalise: { tensors, _ in
        let kept = TensorNaming.stripping("module.", from: tensors)
        guard kept.contains(where: { $0.name.hasPrefix("conv1_conv/") }) else { return NormalisedWeights(kept) }
        return NormalisedWeights(try KerasNames.resNet(kept), convention: .tensorflow)
      })
  }
}
