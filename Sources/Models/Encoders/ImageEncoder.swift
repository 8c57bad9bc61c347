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
  public let precision: InferencePrecision
  /// Length of a feature vector.
  public let dimension: Int
  /// How pixels are to be prepared.
  public let preprocessing: ImagePreprocessing
  /// Why the network is not compiled for this CPU, where that makes it slower than it could be.
  public private(set) var slowdown: String?

  private var engine: Engine

  /// What carries the network out.
  private enum Engine {
    /// libtorch's operators.
    case operators(any ImageNetwork)
    case compiled(CompiledNetwork)
    case transformer(any ImageTransformer, FrozenLayers)
  }

  /// Loads a network strictly from a weight file, or draws random weights.
  /// - Parameters:
  ///   - weights: a file in any format of ``Weights/WeightFile`` and any naming of the family; nil = random weights.
  ///   - config: Hugging Face's `config.json`, for encoders whose sizes it tells.
  ///   - seed: of the random weights.
  ///   - precision: of products and stored activations; other features, so another digest.
  ///   - compiled: on a CPU, compile the network rather than run it operator by operator.
  /// - Throws: ``IeumError`` (data) listing missing, unknown and wrongly shaped tensors.
  public static func load(
    _ spec: ImageEncoderSpec, weights path: String? = nil, config: String? = nil, seed: UInt64 = 0,
    device: Device = .cpu, precision: InferencePrecision = .f32, compiled: Bool = true
  ) throws -> ImageEncoder {
    guard let path else {
      var generator = SeededGenerator(seed: seed, purpose: "encoder/\(spec.name)")
      let network = try config.map { try spec.make(config: $0, &generator) } ?? spec.make(&generator)
      return try ImageEncoder(spec, network, origin: "random:\(seed)", .pytorch, device, precision, compiled)
    }
    let file = try WeightFile.read(path)
    let weights = try spec.normalise(file.tensors, file: path)
    let network = try spec.make(weights, file: path, config: config)
    return try ImageEncoder(spec, network, origin: file.digest, weights.convention, device, precision, compiled)
  }

  private init(
    _ spec: ImageEncoderSpec, _ network: any ImageNetwork, origin: String, _ convention: NetworkConvention,
    _ device: Device, _ precision: InferencePrecision, _ compiled: Bool
  ) throws {
    network.train(false)
    try network.to(device)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    dimension = network.dimension ?? spec.dimension
    preprocessing = network.preprocessing ?? spec.preprocessing
    let prepared = String(decoding: try encoder.encode(preprocessing), as: UTF8.self)
    let parts = [spec.name, convention.rawValue, "code:\(spec.codeVersion)", origin, prepared]
    digest = Digest.of((parts + [network.signature].compactMap { $0 } + precision.digestParts).joined(separator: "\n"))
    (self.spec, self.device, self.precision) = (spec, device, precision)
    engine = .operators(network)
    if let network = network as? any ImageTransformer {
      let layers = FrozenLayers(network, owner: spec.name, device: device, precision: precision, compiled: compiled)
      engine = .transformer(network, layers)
      slowdown = layers.slowdown
    }
    guard compiled, device == .cpu, let network = network as? any ConvolutionalNetwork else { return }
    do {
      engine = .compiled(try CompiledNetwork(network, side: preprocessing.crop, precision: precision))
    } catch let error as IeumError {
      slowdown = "\(spec.name) runs operator by operator: \(error.problem)"
    }
  }

  /// Starts or stops timing the steps of a compiled network; what was timed since the last start, a stage per step.
  @discardableResult
  public func profile(_ on: Bool) throws -> [Stage] {
    guard case .compiled(let network) = engine else {
      throw IeumError(.usage, "'\(spec.name)' is not compiled and has no steps to time", remedy: slowdown)
    }
    return try network.profile(on)
  }

  /// What a compiled network consists of, a line per step; nil where it runs operator by operator.
  public func planSteps() throws -> [String]? {
    guard case .compiled(let network) = engine else { return nil }
    return try network.steps()
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
    // Activations may swallow what is not a number, so the result alone does not tell.
    if let bad = pixels.firstIndex(where: { !$0.isFinite }) {
      throw IeumError(
        .data, "has \(pixels[bad]) as pixel value \(bad % size)", place: "\(spec.name), image \(bad / size)",
        remedy: "check how the image was preprocessed")
    }
    let features = try features(of: pixels, count: count, size: size)
    if let bad = features.firstIndex(where: { !$0.isFinite }) {
      throw IeumError(
        .data, "gives \(features[bad]) as feature \(bad % dimension)", place: "\(spec.name), image \(bad / dimension)",
        remedy: "check the weights for values that are not finite")
    }
    return features
  }

  private func features(of pixels: [Float], count: Int, size: Int) throws -> [Float] {
    switch engine {
    case .compiled(let network): return try network.encode(pixels, count: count)
    case .transformer(let network, let layers):
      return try inBatches(pixels, count, size) { input in
        let tokens = [Int](repeating: network.tokens, count: input.shape[0])
        return try layers({ network.chain(input) }, lengths: tokens)
      }
    case .operators(let network):
      return try inBatches(pixels, count, size) { input in
        try precision == .f32
          ? network.features(input)
          : TensorRuntime.autocast(.bfloat16, device: device) { try network.features(input) }
      }
    }
  }

  private func inBatches(
    _ pixels: [Float], _ count: Int, _ size: Int, _ forward: (Tensor) throws -> Tensor
  ) throws -> [Float] {
    var features: [Float] = []
    features.reserveCapacity(count * dimension)
    for start in stride(from: 0, to: count, by: max(1, batchSize)) {
      let end = min(count, start + max(1, batchSize))
      features += try self.forward(Array(pixels[start * size..<end * size]), count: end - start, forward)
    }
    return features
  }

  private func forward(_ pixels: [Float], count: Int, _ forward: (Tensor) throws -> Tensor) throws -> [Float] {
    let side = preprocessing.crop
    return try noGrad {
      let output = try forward(
        Tensor(pixels, shape: [count, 3, side, side]).staged(for: device).to(device).channelsLast())
      guard output.shape == [count, dimension] else {
        throw IeumError(
          .system, "gave features of shape \(output.shape), not \([count, dimension])", place: spec.name,
          remedy: "report this error")
      }
      return try output.floats()
    }
  }
}

extension InferencePrecision {
  /// What the precision adds to a digest: nothing for f32, so that features made before there was a choice stay valid.
  public var digestParts: [String] { self == .f32 ? [] : ["precision:\(rawValue)"] }
}
