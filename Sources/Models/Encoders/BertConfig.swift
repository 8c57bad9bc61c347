import Basics
import Foundation

/// The numbers of a BERT model as Hugging Face's `config.json` names them; absent ones have its defaults.
public struct BertConfig: Sendable, Equatable {
  public enum Activation: String, Sendable, CaseIterable {
    case gelu, relu
    /// GELU by its tanh approximation.
    case geluNew = "gelu_new"
    case geluTanh = "gelu_pytorch_tanh"
  }

  public var hiddenSize = 768
  public var layers = 12
  public var heads = 12
  public var intermediateSize = 3072
  public var vocabularySize = 30522
  public var maxPositions = 512
  public var typeVocabularySize = 2
  public var layerNormEpsilon = 1e-12
  public var activation = Activation.gelu
  public var padTokenID = 0

  public init() {}

  /// - Throws: ``IeumError`` (data) naming the key that is missing its type, its range, or is not supported.
  public init(json data: Data, file: String) throws {
    let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
    guard let object else {
      throw IeumError(.data, "is not a JSON object", file: file, remedy: "give the model's config.json")
    }
    let reader = Reader(object: object, file: file)
    try reader.refuse("model_type", unless: ["bert"])
    try reader.refuse("position_embedding_type", unless: ["absolute"])
    hiddenSize = try reader.count("hidden_size", hiddenSize)
    layers = try reader.count("num_hidden_layers", layers)
    heads = try reader.count("num_attention_heads", heads)
    intermediateSize = try reader.count("intermediate_size", intermediateSize)
    vocabularySize = try reader.count("vocab_size", vocabularySize)
    maxPositions = try reader.count("max_position_embeddings", maxPositions)
    typeVocabularySize = try reader.count("type_vocab_size", typeVocabularySize)
    padTokenID = try reader.count("pad_token_id", padTokenID, from: 0)
    layerNormEpsilon = try reader.positive("layer_norm_eps", layerNormEpsilon)
    activation = try reader.activation()
    guard hiddenSize % heads == 0 else {
      throw reader.fault("num_attention_heads", "\(heads) heads do not divide hidden_size \(hiddenSize)")
    }
  }

  public init(file: String) throws {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw IeumError(.data, "cannot be read", file: file, remedy: "give the model's config.json with --config")
    }
    try self.init(json: data, file: file)
  }

  private struct Reader {
    let object: [String: Any]
    let file: String

    func fault(_ key: String, _ problem: String) -> IeumError {
      IeumError(.data, problem, file: file, place: "key '\(key)'", remedy: "give the config.json that belongs to the weights")
    }

    private func value(_ key: String) -> Any? { object[key].flatMap { $0 is NSNull ? nil : $0 } }

    func count(_ key: String, _ fallback: Int, from least: Int = 1) throws -> Int {
      guard let value = value(key) else { return fallback }
      guard let number = value as? Int, number >= least, number < 1 << 31 else {
        throw fault(key, "'\(value)' is not a whole number from \(least)")
      }
      return number
    }

    func positive(_ key: String, _ fallback: Double) throws -> Double {
      guard let value = value(key) else { return fallback }
      guard let number = value as? Double, number > 0, number.isFinite else {
        throw fault(key, "'\(value)' is not a positive number")
      }
      return number
    }

    func activation() throws -> Activation {
      guard let value = value("hidden_act") else { return .gelu }
      guard let activation = Activation(rawValue: "\(value)") else {
        let known = Activation.allCases.map(\.rawValue).joined(separator: ", ")
        throw fault("hidden_act", "'\(value)' is not supported (supported: \(known))")
      }
      return activation
    }

    func refuse(_ key: String, unless known: [String]) throws {
      guard let value = value(key), !known.contains("\(value)") else { return }
      throw fault(key, "'\(value)' is not supported (supported: \(known.joined(separator: ", ")))")
    }
  }
}
