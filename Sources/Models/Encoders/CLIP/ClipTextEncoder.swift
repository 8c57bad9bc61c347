import Basics
import Tensors
import Weights

/// A frozen CLIP text tower: token ids to vectors of the space it shares with the image tower.
///
/// Not safe for use from several threads at once.
public final class ClipTextEncoder {
  public let config: ClipTextConfig
  /// SHA-256 over weights, sizes and code version.
  public let digest: String
  /// Sentences per forward pass; changes speed and memory, not vectors.
  public var batchSize = 32
  public var dimension: Int { config.output }
  /// Most tokens of one text, start and end included.
  public var maxTokens: Int { config.positions }

  public var slowdown: String? { layers.slowdown }

  private let network: ClipTextNetwork
  private let layers: FrozenLayers
  private static let codeVersion = 1

  /// Loads the text tower of a CLIP strictly, in sizes read off its tensors.
  /// - Parameters:
  ///   - weights: a weight file with OpenAI's or Hugging Face's names; an image tower in it is left alone.
  ///   - config: Hugging Face's `config.json`; nil = the one beside the weights, if there is one.
  /// - Throws: ``IeumError`` (data) listing missing, unknown and wrongly shaped tensors.
  public static func load(
    weights path: String, config: String? = nil, device: Device = .cpu, precision: InferencePrecision = .f32
  ) throws -> ClipTextEncoder {
    let file = try WeightFile.read(path)
    let network = try ClipTowers.text(file, config: config)
    return try ClipTextEncoder(network, origin: file.digest, device: device, precision)
  }

  private init(_ network: ClipTextNetwork, origin: String, device: Device, _ precision: InferencePrecision) throws {
    self.network = network
    config = network.config
    let parts = ["clip-text", "code:\(Self.codeVersion)", origin, "\(config)"]
    digest = Digest.of((parts + precision.digestParts).joined(separator: "\n"))
    network.train(false)
    try network.to(device)
    layers = FrozenLayers(network, owner: "clip-text", device: device, precision: precision)
  }

  /// Vectors of tokenised texts, in their order, not normalised.
  /// - Parameter ids: token ids per text, start and end included.
  /// - Returns: `[ids.count, dimension]` row-major; a row does not depend on the other texts.
  /// - Throws: ``IeumError`` (data) for an empty or too long text, an id outside the vocabulary, a result that is not
  ///   finite.
  public func encode(ids: [[Int]]) throws -> [Float] {
    let batches = SentenceBatches(
      owner: "clip-text", vocabulary: config.vocabulary, maxTokens: maxTokens, dimension: dimension, paddingID: 0,
      size: batchSize)
    return try batches.encode(ids) { batch in
      let ids = try Tensor(batch.ids, shape: [batch.lengths.count, batch.time])
      return try layers({ try network.chain(ids) }, lengths: batch.lengths).floats()
    }
  }
}
