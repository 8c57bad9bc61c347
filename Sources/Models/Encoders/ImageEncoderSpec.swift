import Basics
import Tensors
import Weights

/// A network that turns pixels into one vector per image.
public protocol ImageNetwork: Module {
  /// Globally pooled features before any classifier.
  /// - Parameter pixels: `[N, 3, S, S]`, preprocessed as the encoder's ``ImageEncoderSpec/preprocessing`` says.
  /// - Returns: `[N, D]`.
  func features(_ pixels: Tensor) throws -> Tensor
}

/// A registered image encoder: what it is called, what it takes and gives, and how it is made.
public struct ImageEncoderSpec: Sendable {
  public let name: String
  public let summary: String
  /// The paper that describes the network.
  public let source: String
  /// Length of a feature vector.
  public let dimension: Int
  public let preprocessing: ImagePreprocessing
  /// Changes whenever the same weights and pixels would give other features; part of the digest.
  public let codeVersion: Int
  /// Prefixes of tensors that belong to classifiers, auxiliary heads or input statistics: never loaded, in any naming.
  public let ignored: [String]

  typealias Build = @Sendable (NetworkConvention, inout InitialWeights) throws -> any ImageNetwork
  typealias Normalise = @Sendable ([RawTensor], _ file: String) throws -> NormalisedWeights
  let build: Build
  private let rules: Normalise

  init(
    name: String, summary: String, source: String, dimension: Int, preprocessing: ImagePreprocessing,
    codeVersion: Int = 1, ignored: [String], build: @escaping Build, normalise: @escaping Normalise
  ) {
    self.name = name
    self.summary = summary
    self.source = source
    self.dimension = dimension
    self.preprocessing = preprocessing
    self.codeVersion = codeVersion
    self.ignored = ignored
    self.build = build
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

  /// The network with the weights of a file: strictly loaded, in evaluation mode.
  /// - Throws: ``IeumError`` (data) listing missing, unknown and wrongly shaped tensors.
  public func make(_ weights: NormalisedWeights, file: String) throws -> any ImageNetwork {
    var blank = InitialWeights(generator: nil)
    let network = try build(weights.convention, &blank)
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
