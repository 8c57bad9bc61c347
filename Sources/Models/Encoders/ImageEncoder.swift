import Basics
import Foundation
import Tensors
import Weights

/// A frozen image encoder: a network with its weights, ready to turn pixels into features.
///
/// Not safe for use from several threads at once.
public final class ImageEncoder {
  public let spec: ImageEncoderSpec
  /// SHA-256 over the network, its weights, the preprocessing and the code version: names the features it makes.
  public let digest: String
  /// Images per forward pass; changes speed and memory, not features.
  public var batchSize = 16
  public let device: Device
  /// Length of a feature vector.
  public let dimension: Int
  /// How pixels are to be prepared.
  public let preprocessing: ImagePreprocessing

  private let network: any ImageNetwork

  private init(spec: ImageEncoderSpec, network: any ImageNetwork, digest: String, device: Device) {
    self.spec = spec
    self.network = network
    self.digest = digest
    self.device = device
    dimension = network.dimension ?? spec.dimension
    preprocessing = network.preprocessing ?? spec.preprocessing
  }

  /// Loads a network strictly from a weight file, or draws random weights.
  /// - Parameters:
  ///   - weights: a file in any format of ``Weights/WeightFile`` and any naming of the family; nil = random weights.
  ///   - config: Hugging Face's `config.json`, for encoders whose sizes it tells.
  ///   - seed: of the random weights.
  /// - Throws: ``IeumError`` (data) listing missing, unknown and wrongly shaped tensors.
  public static func load(
    _ spec: ImageEncoderSpec, weights path: String? = nil, config: String? = nil, seed: UInt64 = 0,
    device: Device = .cpu
  ) throws -> ImageEncoder {
    guard let path else {
      var generator = SeededGenerator(seed: seed, purpose: "encoder/\(spec.name)")
      let network = try config.map { try spec.make(config: $0, &generator) } ?? spec.make(&generator)
      return try ImageEncoder(spec, network, origin: "random:\(seed)", .pytorch, device)
    }
    let file = try WeightFile.read(path)
    let weights = try spec.normalise(file.tensors, file: path)
    let network = try spec.make(weights, file: path, config: config)
    return try ImageEncoder(spec, network, origin: file.digest, weights.convention, device)
  }

  private convenience init(
    _ spec: ImageEncoderSpec, _ network: any ImageNetwork, origin: String, _ convention: NetworkConvention,
    _ device: Device
  ) throws {
    network.train(false)
    try network.to(device)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let preprocessing = try encoder.encode(network.preprocessing ?? spec.preprocessing)
    let parts = [
      spec.name, convention.rawValue, "code:\(spec.codeVersion)", origin, String(decoding: preprocessing, as: UTF8.self),
    ]
    let digest = Digest.of((parts + [network.signature].compactMap { $0 }).joined(separator: "\n"))
    self.init(spec: spec, network: network, digest: digest, device: device)
  }

  /// Features of preprocessed images.
  /// - Parameters:
  ///   - pixels: `[count, 3, S, S]` row-major, S = the preprocessing's crop.
  /// - Returns: `[count, dimension]` row-major.
  /// - Throws: ``IeumError`` (data) when the pixels are not `count` images or a feature is not finite.
  public func encode(pixels: [Float], count: Int) throws -> [Float] {
    let side = preprocessing.crop
    let size = 3 * side * side
    guard count >= 0, pixels.count == count * size else {
      throw IeumError(
        .data, "\(pixels.count) pixel values are not \(count) images of 3×\(side)×\(side)", place: spec.name,
        remedy: "preprocess the images for this encoder")
    }
    var features: [Float] = []
    features.reserveCapacity(count * dimension)
    for start in stride(from: 0, to: count, by: max(1, batchSize)) {
      let end = min(count, start + max(1, batchSize))
      let batch = Array(pixels[start * size..<end * size])
      features += try forward(batch, count: end - start, side: side)
    }
    if let bad = features.firstIndex(where: { !$0.isFinite }) {
      throw IeumError(
        .data, "gives \(features[bad]) as feature \(bad % dimension)", place: "\(spec.name), image \(bad / dimension)",
        remedy: "check the weights and the pixels for values that are not finite")
    }
    return features
  }

  private func forward(_ pixels: [Float], count: Int, side: Int) throws -> [Float] {
    try noGrad {
      let input = try Tensor(pixels, shape: [count, 3, side, side]).to(device).channelsLast()
      let output = try network.features(input)
      guard output.shape == [count, dimension] else {
        throw IeumError(
          .system, "gave features of shape \(output.shape), not \([count, dimension])", place: spec.name,
          remedy: "report this error")
      }
      return try output.to(.cpu).floats()
    }
  }
}
