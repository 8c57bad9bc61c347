import Basics
import Tensors
import Weights

/// A network that turns pixels into one vector per image.
public protocol ImageNetwork: Module {
  /// Globally pooled features before any classifier.
  /// - Parameter pixels: `[N, 3, S, S]`, preprocessed as the encoder's ``ImageEncoderSpec/preprocessing`` says.
  /// - Returns: `[N, D]`.
  func features(_ pixels: Tensor) throws -> Tensor
  /// Length of a feature vector, where it follows from the weights; nil = the spec's.
  var dimension: Int? { get }
  /// How pixels are to be prepared, where that follows from the weights; nil = as the spec says.
  var preprocessing: ImagePreprocessing? { get }
  /// Settings that the weights alone do not tell; part of the digest where there are some.
  var signature: String? { get }
}

extension ImageNetwork {
  public var dimension: Int? { nil }
  public var preprocessing: ImagePreprocessing? { nil }
  public var signature: String? { nil }
}

/// A registered image encoder: what it is called, what it takes and gives, and how it is made.
public struct ImageEncoderSpec: Sendable {
  public let name: String
  public let summary: String
  /// The paper that describes the network.
  public let source: String
  /// Length of a feature vector, unless the weights decide (``ImageNetwork/dimension``).
  public let dimension: Int
  public let preprocessing: ImagePreprocessing
  /// Changes whenever the same weights and pixels would give other features; part of the digest.
  public let codeVersion: Int
  /// Prefixes of tensors that belong to classifiers, auxiliary heads or input statistics: never loaded, in any naming.
  public let ignored: [String]

  typealias Build = @Sendable (NetworkConvention, inout InitialWeights) throws -> any ImageNetwork
  typealias Normalise = @Sendable ([RawTensor], _ file: String) throws -> NormalisedWeights
  /// Makes a network of the sizes that weights or a config file have.
  typealias Fit = @Sendable (NormalisedWeights?, _ file: String, _ config: String?, inout InitialWeights) throws
    -> any ImageNetwork
  let build: Build
  private let fit: Fit?
  private let rules: Normalise

  init(
    name: String, summary: String, source: String, dimension: Int, preprocessing: ImagePreprocessing,
    codeVersion: Int = 1, ignored: [String], build: @escaping Build, fit: Fit? = nil,
    normalise: @escaping Normalise
  ) {
    self.name = name
    self.summary = summary
    self.source = source
    self.dimension = dimension
    self.preprocessing = preprocessing
    self.codeVersion = codeVersion
    self.ignored = ignored
    self.build = build
    self.fit = fit
    self.rules = normalise
  }

  /// The network with random weights drawn from `generator`, in evaluation mode.
  public func make(_ generator: inout SeededGenerator) throws -> any ImageNetwork {
    try make(.pytorch, &generator)
  }

  /// The same for a given arithmetic; `.pytorch` is what torchvision's weights want.
  public func make(_ convention: NetworkConvention, _ generator: inout SeededGenerator) throws -> any ImageNetwork {
    var initial = InitialWeights(generator: generator)
    let network = try build(convention, &initial)
    generator = initial.generator ?? generator
    network.train(false)
    return network
  }

  /// Random weights in the sizes of a config file.
  /// - Throws: ``IeumError``: usage when the sizes of this encoder are fixed, data for a config that does not fit.
  public func make(config: String, _ generator: inout SeededGenerator) throws -> any ImageNetwork {
    var initial = InitialWeights(generator: generator)
    let network = try fitted(nil, file: config, config: config, &initial)
    generator = initial.generator ?? generator
    network.train(false)
    return network
  }

  private func fitted(
    _ weights: NormalisedWeights?, file: String, config: String?, _ initial: inout InitialWeights
  ) throws -> any ImageNetwork {
    if let fit { return try fit(weights, file, config, &initial) }
    guard config == nil else {
      throw IeumError(
        .usage, "'\(name)' has fixed sizes and takes no config", place: "--config", remedy: "leave it out")
    }
    return try build(weights?.convention ?? .pytorch, &initial)
  }

  /// The network with the weights of a file: strictly loaded, in evaluation mode.
  /// - Parameter config: Hugging Face's `config.json`, for encoders whose sizes it tells.
  /// - Throws: ``IeumError`` (data) listing missing, unknown and wrongly shaped tensors.
  public func make(
    _ weights: NormalisedWeights, file: String, config: String? = nil
  ) throws -> any ImageNetwork {
    var blank = InitialWeights(generator: nil)
    let network = try fitted(weights, file: file, config: config, &blank)
    try network.load(weights.tensors, file: file)
    network.train(false)
    return network
  }

  /// A file's tensors under torchvision's names, without ignored ones. Unknown names stay for strict loading to report.
  /// - Parameter file: the file's path, for the conventions that only its name tells (``EfficientNetNames``).
  public func normalise(_ tensors: [RawTensor], file: String) throws -> NormalisedWeights {
    let weights = try rules(tensors, file)
    return NormalisedWeights(
      TensorNaming.dropping(ignored, from: weights.tensors), convention: weights.convention)
  }
}
