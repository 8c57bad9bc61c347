import Basics
import Foundation

/// The numbers of a BERT, DistilBERT or (XLM-)RoBERTa model as Hugging Face's `config.json` names them; absent
/// ones have its defaults.
public struct BertConfig: Sendable, Equatable {
  public typealias Activation = TransformerActivation

  public var hiddenSize = 768
  public var layers = 12
  public var heads = 12
  public var intermediateSize = 3072
  public var vocabularySize = 30522
  public var maxPositions = 512
  /// 0 = the model has no token types (DistilBERT).
  public var typeVocabularySize = 2
  /// The position of a text's first token; RoBERTa starts behind its padding id.
  public var firstPosition = 0
  public var layerNormEpsilon = 1e-12
  public var activation = Activation.gelu
  public var padTokenID = 0

  /// Most tokens of a text.
  public var maxTokens: Int { maxPositions - firstPosition }

  public init() {}

  /// - Throws: ``IeumError`` (data) naming the key that is missing its type, its range, or is not supported.
  public init(json data: Data, file: String) throws {
    let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
    guard let object else {
      throw IeumError(.data, "is not a JSON object", file: file, remedy: "give the model's config.json")
    }
    let reader = Reader(object: object, file: file)
    try reader.refuse("model_type", unless: ["bert", "distilbert", "roberta", "xlm-roberta"])
    try reader.refuse("position_embedding_type", unless: ["absolute"])
    if object["model_type"] as? String == "distilbert" { try readDistilled(reader) } else { try read(reader) }
    vocabularySize = try reader.count("vocab_size", vocabularySize)
    maxPositions = try reader.count("max_position_embeddings", maxPositions)
    padTokenID = try reader.count("pad_token_id", padTokenID, from: 0)
    if (object["model_type"] as? String ?? "").contains("roberta") { firstPosition = padTokenID + 1 }
    guard hiddenSize % heads == 0 else {
      throw reader.fault("num_attention_heads", "\(heads) heads do not divide hidden_size \(hiddenSize)")
    }
  }

  private mutating func read(_ reader: Reader) throws {
    hiddenSize = try reader.count("hidden_size", hiddenSize)
    layers = try reader.count("num_hidden_layers", layers)
    heads = try reader.count("num_attention_heads", heads)
    intermediateSize = try reader.count("intermediate_size", intermediateSize)
    typeVocabularySize = try reader.count("type_vocab_size", typeVocabularySize)
    layerNormEpsilon = try reader.positive("layer_norm_eps", layerNormEpsilon)
    activation = try reader.activation("hidden_act")
  }

  private mutating func readDistilled(_ reader: Reader) throws {
    hiddenSize = try reader.count("dim", hiddenSize)
    layers = try reader.count("n_layers", 6)
    heads = try reader.count("n_heads", heads)
    intermediateSize = try reader.count("hidden_dim", intermediateSize)
    typeVocabularySize = 0
    activation = try reader.activation("activation")
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

    func activation(_ key: String) throws -> Activation {
      guard let value = value(key) else { return .gelu }
      guard let activation = Activation(rawValue: "\(value)") else {
        let known = Activation.allCases.map(\.rawValue).joined(separator: ", ")
        throw fault(key, "'\(value)' is not supported (supported: \(known))")
      }
      return activation
    }

    func refuse(_ key: String, unless known: [String]) throws {
      guard let value = value(key), !known.contains("\(value)") else { return }
      throw fault(key, "'\(value)' is not supported (supported: \(known.joined(separator: ", ")))")
    }
  }
}
