import Basics
import Tensors
import Weights

/// A frozen BERT: token ids to sentence vectors.
///
/// Not safe for use from several threads at once.
public final class BertEncoder {
  public let config: BertConfig
  public let pooling: BertPooling
  /// Most tokens of one sentence, `[CLS]` and `[SEP]` included.
  public let maxTokens: Int
  /// SHA-256 over weights, config, pooling and code version.
  public let digest: String
  /// Sentences per forward pass; changes speed and memory, not vectors.
  public var batchSize = 32
  public var dimension: Int { config.hiddenSize }

  public let precision: InferencePrecision
  /// Why the layers are not compiled for this CPU, where that makes them slower than they could be.
  public var slowdown: String? { layers.slowdown }

  private let network: BertNetwork
  private let layers: FrozenLayers
  private static let codeVersion = 1

  private init(
    _ network: BertNetwork, origin: String, device: Device, precision: InferencePrecision, compiled: Bool
  ) throws {
    self.network = network
    self.precision = precision
    config = network.config
    pooling = network.pooling
    maxTokens = config.maxTokens
    let parts = ["bert", "code:\(Self.codeVersion)", origin, pooling.rawValue, "\(config)"]
    digest = Digest.of((parts + precision.digestParts).joined(separator: "\n"))
    network.train(false)
    try network.to(device)
    layers = FrozenLayers(network, owner: "bert", device: device, precision: precision, compiled: compiled)
  }

  /// Loads a model strictly.
  /// - Parameters:
  ///   - weights: a weight file with Hugging Face's names (``BertNames``).
  ///   - config: the model's `config.json`.
  ///   - precision: of products and stored activations.
  ///   - compiled: on a CPU, compile the layers rather than run them operator by operator.
  /// - Throws: ``IeumError`` (data) listing missing, unknown and wrongly shaped tensors, or naming the config's key.
  public static func load(
    weights path: String, config: String, pooling: BertPooling, device: Device = .cpu,
    precision: InferencePrecision = .f32, compiled: Bool = true
  ) throws -> BertEncoder {
    let config = try BertConfig(file: config)
    let file = try WeightFile.read(path)
    let network = try BertNetwork.load(file, config: config, pooling: pooling)
    return try BertEncoder(
      network, origin: file.digest, device: device, precision: precision, compiled: compiled)
  }

  /// A model with random weights, for measuring.
  public static func random(
    _ config: BertConfig, pooling: BertPooling, seed: UInt64, device: Device = .cpu,
    precision: InferencePrecision = .f32, compiled: Bool = true
  ) throws -> BertEncoder {
    var generator = SeededGenerator(seed: seed, purpose: "encoder/bert")
    let network = try BertNetwork(config, pooling: pooling, generator: &generator)
    return try BertEncoder(
      network, origin: "random:\(seed)", device: device, precision: precision, compiled: compiled)
  }

  /// Vectors of tokenised sentences, in their order.
  /// - Parameter ids: token ids per sentence, special tokens included, 1…``maxTokens`` of them.
  /// - Returns: `[ids.count, dimension]` row-major; a row does not depend on the other sentences.
  /// - Throws: ``IeumError`` (data) for an empty or too long sentence, an id outside the vocabulary, a result that is
  ///   not finite.
  public func encode(ids: [[Int]]) throws -> [Float] {
    let batches = SentenceBatches(
      owner: "bert", vocabulary: config.vocabularySize, maxTokens: maxTokens, dimension: dimension,
      paddingID: config.padTokenID, size: batchSize)
    return try batches.encode(ids) { batch in
      let ids = try Tensor(batch.ids, shape: [batch.lengths.count, batch.time])
      return try layers({ try network.chain(ids: ids, lengths: batch.lengths) }, lengths: batch.lengths)
        .floats()
    }
  }
}
