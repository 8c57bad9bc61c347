import Basics
import Models
import Tensors

/// Measures a BERT from token ids to sentence vectors, with random weights.
public final class TextBench {
  /// The sizes that are measured.
  public enum Size: String, CaseIterable, Sendable {
    case minilm, base

    fileprivate var config: BertConfig {
      var config = BertConfig()
      if self == .minilm { (config.hiddenSize, config.layers, config.intermediateSize) = (384, 6, 1536) }
      return config
    }
  }

  private let encoder: BertEncoder
  private let ids: [[Int]]

  /// - Parameters:
  ///   - sentences: per call.
  ///   - tokens: of a sentence.
  public init(
    _ size: Size, precision: InferencePrecision, device: Device = .cpu, sentences: Int, tokens: Int, compiled: Bool
  ) throws {
    let config = size.config
    guard 1...config.maxTokens ~= tokens else {
      throw IeumError(.usage, "sentences have 1 to \(config.maxTokens) tokens", place: "--tokens")
    }
    encoder = try BertEncoder.random(
      config, pooling: .mean, seed: 1, device: device, precision: precision, compiled: compiled)
    ids = (0..<sentences).map { row in (0..<tokens).map { 1 + (row &* 131 &+ $0 &* 17) % (config.vocabularySize - 1) } }
    _ = try encoder.encode(ids: ids)
  }

  /// Why the layers are not compiled, if they are not.
  public var slowdown: String? { encoder.slowdown }

  public func sample(seconds: Double) throws -> Sample {
    try Sample.of(seconds) {
      _ = try encoder.encode(ids: ids)
      return ids.count
    }
  }
}
