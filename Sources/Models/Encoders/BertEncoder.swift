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

  private let network: BertNetwork
  private let device: Device
  private static let codeVersion = 1

  private init(_ network: BertNetwork, origin: String, device: Device) throws {
    self.network = network
    self.device = device
    config = network.config
    pooling = network.pooling
    maxTokens = config.maxPositions
    digest = Digest.of(
      ["bert", "code:\(Self.codeVersion)", origin, pooling.rawValue, "\(config)"].joined(separator: "\n"))
    network.train(false)
    try network.to(device)
  }

  /// Loads a model strictly.
  /// - Parameters:
  ///   - weights: a weight file with Hugging Face's names (``BertNames``).
  ///   - config: the model's `config.json`.
  /// - Throws: ``IeumError`` (data) listing missing, unknown and wrongly shaped tensors, or naming the config's key.
  public static func load(
    weights path: String, config: String, pooling: BertPooling, device: Device = .cpu
  ) throws -> BertEncoder {
    let config = try BertConfig(file: config)
    let file = try WeightFile.read(path)
    let network = try BertNetwork.load(file, config: config, pooling: pooling)
    return try BertEncoder(network, origin: file.digest, device: device)
  }

  /// Vectors of tokenised sentences, in their order.
  /// - Parameter ids: token ids per sentence, special tokens included, 1…``maxTokens`` of them.
  /// - Returns: `[ids.count, dimension]` row-major; a row does not depend on the other sentences.
  /// - Throws: ``IeumError`` (data) for an empty or too long sentence, an id outside the vocabulary, a result that is
  ///   not finite.
  public func encode(ids: [[Int]]) throws -> [Float] {
    try check(ids)
    var rows = [Float](repeating: 0, count: ids.count * dimension)
    // Neighbours of equal length waste no work on padding.
    let order = ids.indices.sorted { (ids[$0].count, $0) < (ids[$1].count, $1) }
    for start in stride(from: 0, to: order.count, by: max(1, batchSize)) {
      let batch = Array(order[start..<min(order.count, start + max(1, batchSize))])
      let vectors = try forward(batch.map { ids[$0] })
      for (place, row) in batch.enumerated() {
        let vector = vectors[place * dimension..<(place + 1) * dimension]
        guard vector.allSatisfy(\.isFinite) else {
          throw IeumError(
            .data, "gives a vector that is not finite", place: "bert, sentence \(row)",
            remedy: "check that the weights are whole and belong to the config")
        }
        rows.replaceSubrange(row * dimension..<(row + 1) * dimension, with: vector)
      }
    }
    return rows
  }

  private func forward(_ batch: [[Int]]) throws -> [Float] {
    let time = batch.map(\.count).max() ?? 1
    let padded = batch.flatMap { row in
      row.map { Int64($0) } + [Int64](repeating: Int64(config.padTokenID), count: time - row.count)
    }
    return try noGrad {
      let ids = try Tensor(padded, shape: [batch.count, time]).to(device)
      return try network.features(ids: ids, lengths: batch.map(\.count)).to(.cpu).floats()
    }
  }

  private func check(_ ids: [[Int]]) throws {
    for (index, row) in ids.enumerated() {
      guard (1...maxTokens).contains(row.count) else {
        throw IeumError(
          .data, "has \(row.count) tokens", place: "bert, sentence \(index)",
          remedy: "give 1 to \(maxTokens) tokens, [CLS] and [SEP] included")
      }
      if let bad = row.first(where: { !(0..<config.vocabularySize).contains($0) }) {
        throw IeumError(
          .data, "has token id \(bad), the vocabulary ends at \(config.vocabularySize - 1)",
          place: "bert, sentence \(index)", remedy: "give the tokenizer that belongs to the weights")
      }
    }
  }
}
