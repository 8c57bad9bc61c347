import Basics
import Tensors

/// Inception-v3 with torchvision's parameter names, without its auxiliary classifier.
/// - Source: Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision", Table 1.
public final class InceptionV3: Module, ConvolutionalNetwork {
  private var convolutions: [String: ConvNorm] = [:]
  /// Keras leaves padded pixels out of its average pools, torchvision counts them as zeros.
  private let countsPadding: Bool

  init(convention: NetworkConvention, initial: inout InitialWeights) throws {
    countsPadding = convention == .pytorch
    super.init()
    for layer in Self.layers {
      var shape = ConvShape(layer.input, layer.output, kernel: layer.kernel)
      shape.stride = layer.stride
      shape.padding = layer.padded ? layer.kernel.map { $0 / 2 } : [0, 0]
      shape.epsilon = 1e-3
      let convolution = try ConvNorm(shape, &initial)
      convolution.register(in: self, "\(layer.name).conv", "\(layer.name).bn")
      convolutions[layer.name] = convolution
    }
  }

  /// - Parameter pixels: `[N, 3, S, S]`, S ≥ 75 (published: 299).
  /// - Returns: `[N, 2048]`.
  public func features(_ pixels: Tensor) throws -> Tensor { try trunk(pixels).globalAvgPool2d() }

  func trunk<Map: FeatureMap>(_ pixels: Map) throws -> Map {
    var x = try chain(pixels, "", ["Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3"])
    x = try x.maxPooled(kernel: 3, stride: 2, padding: 0)
    x = try chain(x, "", ["Conv2d_3b_1x1", "Conv2d_4a_3x3"]).maxPooled(kernel: 3, stride: 2, padding: 0)
    for name in ["5b", "5c", "5d"] { x = try blockA(x, "Mixed_\(name).") }
    x = try blockB(x, "Mixed_6a.")
    for name in ["6b", "6c", "6d", "6e"] { x = try blockC(x, "Mixed_\(name).") }
    x = try blockD(x, "Mixed_7a.")
    for name in ["7b", "7c"] { x = try blockE(x, "Mixed_\(name).") }
    return x
  }

  // MARK: blocks (branches are concatenated over channels)

  private func blockA<Map: FeatureMap>(_ x: Map, _ block: String) throws -> Map {
    try Map.concatenated(
      [
        chain(x, block, ["branch1x1"]), chain(x, block, numbered("branch5x5", 2)),
        chain(x, block, numbered("branch3x3dbl", 3)), pooled(x, block),
      ])
  }

  private func blockB<Map: FeatureMap>(_ x: Map, _ block: String) throws -> Map {
    try Map.concatenated(
      [
        chain(x, block, ["branch3x3"]), chain(x, block, numbered("branch3x3dbl", 3)),
        x.maxPooled(kernel: 3, stride: 2, padding: 0),
      ])
  }

  private func blockC<Map: FeatureMap>(_ x: Map, _ block: String) throws -> Map {
    try Map.concatenated(
      [
        chain(x, block, ["branch1x1"]), chain(x, block, numbered("branch7x7", 3)),
        chain(x, block, numbered("branch7x7dbl", 5)), pooled(x, block),
      ])
  }

  private func blockD<Map: FeatureMap>(_ x: Map, _ block: String) throws -> Map {
    try Map.concatenated(
      [
        chain(x, block, numbered("branch3x3", 2)), chain(x, block, numbered("branch7x7x3", 4)),
        x.maxPooled(kernel: 3, stride: 2, padding: 0),
      ])
  }

  private func blockE<Map: FeatureMap>(_ x: Map, _ block: String) throws -> Map {
    let single = try chain(x, block, ["branch3x3_1"])
    let double = try chain(x, block, numbered("branch3x3dbl", 2))
    return try Map.concatenated(
      [
        chain(x, block, ["branch1x1"]),
        chain(single, block, ["branch3x3_2a"]), chain(single, block, ["branch3x3_2b"]),
        chain(double, block, ["branch3x3dbl_3a"]), chain(double, block, ["branch3x3dbl_3b"]),
        pooled(x, block),
      ])
  }

  private func pooled<Map: FeatureMap>(_ x: Map, _ block: String) throws -> Map {
    let average = try x.averagePooled(kernel: 3, stride: 1, padding: 1, countsPadding: countsPadding)
    return try chain(average, block, ["branch_pool"])
  }

  private func numbered(_ branch: String, _ count: Int) -> [String] { (1...count).map { "\(branch)_\($0)" } }

  private func chain<Map: FeatureMap>(_ x: Map, _ block: String, _ names: [String]) throws -> Map {
    try names.reduce(x) { value, name in
      guard let convolution = convolutions[block + name] else {
        throw IeumError(.system, "Inception-v3 has no layer '\(block + name)'", remedy: "report this error")
      }
      return try convolution(value)
    }
  }
}

extension InceptionV3 {
  static let spec = ImageEncoderSpec(
    name: "inception-v3", summary: "Factorised convolutions in parallel branches, 48 layers",
    source: "Szegedy et al. 2016, Rethinking the Inception Architecture for Computer Vision (CVPR)", dimension: 2048,
    preprocessing: ImagePreprocessing(
      resize: 342, crop: 299, interpolation: .bilinear, mean: ImagePreprocessing.half, std: ImagePreprocessing.half),
    ignored: ["fc.", "AuxLogits.", "predictions/"],
    build: { convention, initial in try InceptionV3(convention: convention, initial: &initial) },
    normalise: { tensors, _ in
      let kept = TensorNaming.stripping("module.", from: tensors)
      guard kept.contains(where: { $0.name.hasPrefix("conv2d_1/") }) else { return NormalisedWeights(kept) }
      return NormalisedWeights(try KerasNames.inception(kept), convention: .tensorflow)
    })
}
