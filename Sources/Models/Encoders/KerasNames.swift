import Basics
import Weights

/// Translates Keras' HDF5 names and layouts: `layer/…/kernel:0` in HWIO order into torchvision's OIHW.
enum KerasNames {
  /// Keras' batch normalisation and biases under PyTorch's names.
  private static let leaves = [
    "kernel": "weight", "depthwise_kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias",
    "moving_mean": "running_mean", "moving_variance": "running_var",
  ]

  /// Layer and leaf of a Keras name: `conv1_conv/conv1_conv/kernel:0` → (`conv1_conv`, `kernel`).
  static func split(_ name: String) -> (layer: String, leaf: String)? {
    let parts = name.split(separator: "/").map(String.init)
    guard parts.count >= 2, let layer = parts.first, let last = parts.last else { return nil }
    return (layer, String(last.prefix { $0 != ":" }))
  }

  /// Tensors under torchvision's names and layouts; a name without a rule stays, so that strict loading reports it.
  /// - Parameter rule: Keras' layer name → torchvision's module path.
  static func translated(_ tensors: [RawTensor], _ rule: (String) -> String?) throws -> [RawTensor] {
    try tensors.map { tensor in
      guard let (layer, leaf) = split(tensor.name), let path = rule(layer), let target = leaves[leaf]
      else { return tensor }
      let order: [Int]? = leaf == "kernel" ? [3, 2, 0, 1] : leaf == "depthwise_kernel" ? [2, 3, 0, 1] : nil
      return try (order.map { try tensor.permuted($0) } ?? tensor).renamed("\(path).\(target)")
    }
  }

  // MARK: Inception-v3

  /// Keras numbers Inception's layers in the order in which torchvision defines them: `conv2d_7` is the seventh
  /// convolution (`conv2d` alone would be the first of a count from 0), `batch_normalization_7` its normalisation.
  static func inception(_ tensors: [RawTensor]) throws -> [RawTensor] {
    let paths = InceptionV3.convolutionNames
    let hasZero = tensors.contains { split($0.name)?.layer == "conv2d" }
    let named = try translated(tensors) { layer in
      for (prefix, part) in [("conv2d", "conv"), ("batch_normalization", "bn")] {
        guard let rest = layer.removing(prefix) else { continue }
        guard let number = rest.isEmpty ? 0 : rest.removing("_").flatMap({ Int($0) }) else { return nil }
        let index = hasZero ? number : number - 1
        return paths.indices.contains(index) ? "\(paths[index]).\(part)" : nil
      }
      return nil
    }
    return named + unitScales(for: named)
  }

  /// Keras' Inception normalises without a learnt scale: ones take its place.
  private static func unitScales(for tensors: [RawTensor]) -> [RawTensor] {
    let names = Set(tensors.map(\.name))
    return tensors.compactMap { tensor in
      guard tensor.name.hasSuffix(".bn.bias") else { return nil }
      let scale = String(tensor.name.dropLast(4)) + "weight"
      if names.contains(scale) { return nil }
      return RawTensor(name: scale, shape: tensor.shape, floats: [Float](repeating: 1, count: tensor.count ?? 0))
    }
  }

  // MARK: ResNet

  /// `conv3_block1_2_conv` → `layer2.0.conv2`, `conv3_block1_0_bn` → `layer2.0.downsample.1`.
  static func resNet(_ layer: String) -> String? {
    if layer == "conv1_conv" { return "conv1" }
    if layer == "conv1_bn" { return "bn1" }
    let parts = layer.split(separator: "_").map(String.init)
    guard parts.count == 4, let stage = parts[0].removing("conv").flatMap({ Int($0) }), (2...5).contains(stage),
      let block = parts[1].removing("block").flatMap({ Int($0) }), block > 0, let step = Int(parts[2]),
      (0...3).contains(step), ["conv", "bn"].contains(parts[3])
    else { return nil }
    let prefix = "layer\(stage - 1).\(block - 1)"
    if step == 0 { return "\(prefix).downsample.\(parts[3] == "conv" ? 0 : 1)" }
    return "\(prefix).\(parts[3])\(step)"
  }

  /// Keras' ResNet as torchvision's: convolution biases move into the running means (b − μ = −(μ − b), exact), and the
  /// first kernel takes RGB in ImageNet's mean/std where Keras takes BGR in 0…255 with the means removed.
  static func resNet(_ tensors: [RawTensor]) throws -> [RawTensor] {
    let named = try translated(tensors) { resNet($0) }
    var byName: [String: RawTensor] = [:]
    for tensor in named { byName[tensor.name] = tensor }
    var result: [RawTensor] = []
    for tensor in named {
      if tensor.name.hasSuffix(".bias"), normalisation(afterBias: tensor.name) != nil { continue }
      if tensor.name.hasSuffix(".running_mean"), let bias = convolutionBias(before: tensor.name).flatMap({ byName[$0] }) {
        result.append(try difference(tensor, bias))
      } else {
        result.append(tensor.name == "conv1.weight" ? try inputAdapted(tensor) : tensor)
      }
    }
    return result
  }

  /// The normalisation that follows a convolution's bias: `layer1.0.conv2.bias` → `layer1.0.bn2`.
  private static func normalisation(afterBias name: String) -> String? {
    let path = String(name.dropLast(".bias".count))
    if path.hasSuffix("downsample.0") { return String(path.dropLast(1)) + "1" }
    guard let last = path.split(separator: ".").last, let step = String(last).removing("conv") else { return nil }
    return String(path.dropLast(last.count)) + "bn\(step)"
  }

  private static func convolutionBias(before name: String) -> String? {
    let path = String(name.dropLast(".running_mean".count))
    if path.hasSuffix("downsample.1") { return String(path.dropLast(1)) + "0.bias" }
    guard let last = path.split(separator: ".").last, let step = String(last).removing("bn") else { return nil }
    return String(path.dropLast(last.count)) + "conv\(step).bias"
  }

  private static func difference(_ mean: RawTensor, _ bias: RawTensor) throws -> RawTensor {
    guard mean.shape == bias.shape else {
      throw IeumError(
        .data, "has shape \(bias.shape), its normalisation \(mean.shape)", place: "tensor '\(bias.name)'",
        remedy: "give a file of the encoder's own family")
    }
    let values = zip(try mean.floats(), try bias.floats()).map { $0 - $1 }
    return RawTensor(name: mean.name, shape: mean.shape, floats: values)
  }

  /// Kernel `[O, 3, H, W]` over BGR pixels in 0…255 → over RGB pixels divided by 255·std. Padding stays right because
  /// both spaces put (nearly, to 0.005 of 255) the same mean at zero.
  private static func inputAdapted(_ kernel: RawTensor) throws -> RawTensor {
    guard kernel.shape.count == 4, kernel.shape[1] == 3 else { return kernel }
    let values = try kernel.floats()
    let area = kernel.shape[2] * kernel.shape[3]
    var adapted = values
    for output in 0..<kernel.shape[0] {
      for channel in 0..<3 {
        let scale = 255 * ImagePreprocessing.imageNetStd[channel]
        for i in 0..<area {
          adapted[(output * 3 + channel) * area + i] = values[(output * 3 + 2 - channel) * area + i] * scale
        }
      }
    }
    return RawTensor(name: kernel.name, shape: kernel.shape, floats: adapted)
  }
}
