import Basics
import Tensors
import Weights

/// A registered audio encoder: what it is called and what may be set.
public struct AudioEncoderSpec: Sendable {
  public let name: String
  public let summary: String
  /// The paper that describes it.
  public let source: String
  public let parameters: [ParameterSpec]
  /// Length of a feature vector; nil = one number per mel filter.
  public let dimension: Int?
}

/// All audio encoders, in the order in which lists show them.
public enum AudioEncoderRegistry {
  public static let all: [AudioEncoderSpec] = [
    AudioEncoderSpec(
      name: "log-mel", summary: "Log-mel spectrogram, one vector per time step; no weights",
      source: "Davis & Mermelstein 1980; parameters of torchaudio's MelSpectrogram",
      parameters: MelSettings.parameters,
      dimension: nil),
    AudioEncoderSpec(
      name: "resnet18-audio", summary: "ResNet-18 on log-mel images of stretches of sound",
      source: "He et al. 2016, Deep Residual Learning for Image Recognition (CVPR); on sound as in half2020",
      parameters: MelSettings.parameters + [
        ParameterSpec("seconds", default: .double(3), "length of a stretch"),
        ParameterSpec("windows", default: .int(1), "stretches per sound, at the centres of equal parts"),
        ParameterSpec(
          "channels", default: .int(0), "1 or 3 equal channels; 0 = what the weights have, else 3"),
        ParameterSpec(
          "standardize", default: .bool(true), "shift and scale every image to mean 0 and deviation 1"),
      ], dimension: 512),
  ]

  /// - Throws: ``IeumError`` (usage) with the nearest known name.
  public static func named(_ name: String) throws -> AudioEncoderSpec {
    guard let spec = all.first(where: { $0.name == name }) else {
      throw Suggestion.unknown("audio encoder", name, known: all.map(\.name))
    }
    return spec
  }
}

/// A frozen ResNet-18 that looks at log-mel spectrograms as pictures: time runs to the right, frequency
/// downwards.
///
/// Parameter names are torchvision's; `conv1` takes 1 or 3 channels, three get the same picture. Not safe for
/// use from several threads at once.
public final class AudioImageEncoder {
  public let dimension = 512
  /// SHA-256 over the network, its weights and the code version.
  public let digest: String
  public let channels: Int
  private let network: ResNet

  /// - Parameters:
  ///   - channels: 1 or 3; 0 = as the weights have it.
  ///   - weights: nil = random weights from `seed`.
  /// - Throws: ``IeumError``: data for missing, unknown and wrongly shaped tensors; usage for other channels
  ///   than the weights have.
  public init(channels wanted: Int, weights path: String?, seed: UInt64, device: Device = .cpu) throws {
    guard [0, 1, 3].contains(wanted) else {
      throw IeumError(.usage, "\(wanted) channels are not supported", place: "channels", remedy: "use 1 or 3")
    }
    let origin: String
    if let path {
      let file = try WeightFile.read(path)
      let weights = try ImageEncoderRegistry.named("resnet18").normalise(file.tensors, file: path)
      let found =
        weights.tensors.first { $0.name == "conv1.weight" }.map { $0.shape.count == 4 ? $0.shape[1] : 3 } ?? 3
      guard wanted == 0 || wanted == found else {
        throw IeumError(
          .usage, "the weights take \(found) channel(s), not \(wanted)", file: path, place: "channels",
          remedy: "leave the parameter out")
      }
      channels = found
      var blank = InitialWeights(generator: nil)
      network = try ResNet.resNet18(channels: found, &blank)
      try network.load(weights.tensors, file: path)
      origin = file.digest
    } else {
      channels = wanted == 0 ? 3 : wanted
      var initial = InitialWeights(generator: SeededGenerator(seed: seed, purpose: "encoder/resnet18-audio"))
      network = try ResNet.resNet18(channels: channels, &initial)
      origin = "random:\(seed)"
    }
    network.train(false)
    try network.to(device)
    digest = Digest.of(["resnet18-audio", "code:1", "channels:\(channels)", origin].joined(separator: "\n"))
  }

  /// Globally pooled features.
  /// - Parameter images: `[count, mels, time]` row-major, all of one size.
  /// - Returns: `[count, 512]`.
  public func encode(_ images: [Float], count: Int, mels: Int, time: Int) throws -> [Float] {
    try noGrad {
      let grey = try Tensor(images, shape: [count, 1, mels, time]).staged(for: network.device).to(network.device)
      let input = channels == 1 ? grey : try Tensor.cat([grey, grey, grey], dim: 1)
      return try network.features(input.channelsLast()).floats()
    }
  }
}
