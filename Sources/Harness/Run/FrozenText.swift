import Basics
import Datasets
import Foundation
import Models
import Tensors
import Weights

/// A frozen text encoder as a function of sentences.
public struct FrozenText {
  public let dimension: Int
  /// SHA-256 of the tokenizer; nil for encoders of whole words.
  public let tokenizerDigest: String?
  /// One vector or one reason per sentence.
  public let vectors: ([String]) throws -> [Result<[Float], IeumError>]

  /// Settings beside the weights; encoders take those they know.
  public struct Options: Sendable {
    /// nil = the file beside the weights.
    public var config: String?
    public var tokenizer: String?
    public var pooling = BertPooling.mean.rawValue
    public var maxTokens: Int?
    public var language = "en"
    /// Of `bert-ngrams`: numbers that the n-grams add.
    public var ngrams = 512
    /// Arithmetic of a transformer.
    public var precision = InferencePrecision.f32
    public var device = Device.cpu

    public init() {}

    /// What an encoder's section of an experiment says.
    init(_ values: Parameters, language: String, precision: InferencePrecision, device: Device = .cpu) {
      (self.language, self.precision, self.device) = (language, precision, device)
      if case .string(let name)? = values.values["pooling"] { pooling = name }
      if case .int(let count)? = values.values["ngrams"] { ngrams = count }
    }
  }

  /// Opens a registered frozen text encoder.
  /// - Throws: ``IeumError``: data for weights or a tokenizer that are missing or do not fit.
  public static func open(_ name: String, weights path: String, _ options: Options) throws -> FrozenText {
    switch name {
    case "word2vec": return try wordVectors(path, language: options.language)
    case "clip-text": return try clip(path, options)
    case "clip-multilingual": return try multilingual(path, options)
    case "bert-ngrams": return try bert(path, options).beside(ngrams: options.ngrams)
    default: return try bert(path, options)
    }
  }

  /// Mean of the vectors of the known words (hong2022: words outside the vocabulary are dropped).
  private static func wordVectors(_ path: String, language: String) throws -> FrozenText {
    let average = WordVectorAverage(try WordVectors.read(path))
    return FrozenText(dimension: average.dimension, tokenizerDigest: nil) { texts in
      texts.map { text in
        let words = WordTokenizer.words(text, language: language)
        let (vector, unknown) = average.encode([words])
        guard unknown < words.count else {
          return .failure(IeumError(.data, "no word of '\(text)' is in the vocabulary", file: path))
        }
        return .success(vector)
      }
    }
  }

  private static func bert(_ path: String, _ options: Options) throws -> FrozenText {
    let files = try PretrainedBert(path, config: options.config, tokenizer: options.tokenizer)
    let encoder = try BertEncoder.load(
      weights: path, config: files.configPath, pooling: BertPooling(rawValue: options.pooling) ?? .mean,
      device: options.device, precision: options.precision)
    tell(encoder.slowdown)
    return subwords(
      encoder.dimension, files.tokenizer.digest, limit: min(options.maxTokens ?? encoder.maxTokens, encoder.maxTokens),
      tokens: files.tokenizer.encode, vectors: encoder.encode)
  }

  /// Both vectors of a sentence at length 1, one after the other.
  private func beside(ngrams count: Int) throws -> FrozenText {
    guard count > 0 else {
      throw IeumError(.usage, "'ngrams' is \(count)", place: "text.parameters", remedy: "give 1 or more, or use bert")
    }
    let ngrams = CharacterNgrams(dimension: count)
    return FrozenText(dimension: dimension + count, tokenizerDigest: tokenizerDigest) { texts in
      zip(texts, try vectors(texts)).map { text, vector in
        vector.map { vector in
          let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
          return vector.map { $0 / max(length, .leastNormalMagnitude) } + ngrams.encode(text)
        }
      }
    }
  }

  private static func clip(_ path: String, _ options: Options) throws -> FrozenText {
    let encoder = try ClipTextEncoder.load(
      weights: path, config: options.config, device: options.device, precision: options.precision)
    tell(encoder.slowdown)
    let vocabulary = options.tokenizer ?? ClipTokenizer.beside(weights: path) ?? cachedVocabulary()
    guard let vocabulary else {
      throw IeumError(
        .data, "no vocabulary lies beside the weights", file: path,
        remedy: "put bpe_simple_vocab_16e6.txt.gz, merges.txt or tokenizer.json there, give --tokenizer, or run `make weights`")
    }
    let tokens = try ClipTokenizer(file: vocabulary)
    guard tokens.vocabularySize <= encoder.config.vocabulary else {
      throw IeumError(
        .data, "has \(tokens.vocabularySize) ids, the weights know \(encoder.config.vocabulary)", file: vocabulary,
        remedy: "give the vocabulary that belongs to the weights")
    }
    return subwords(
      encoder.dimension, tokens.digest, limit: min(options.maxTokens ?? encoder.maxTokens, encoder.maxTokens),
      tokens: tokens.encode, vectors: encoder.encode)
  }

  private static func multilingual(_ path: String, _ options: Options) throws -> FrozenText {
    let files = try PretrainedBert(path, config: options.config, tokenizer: options.tokenizer)
    let encoder = try MultilingualClipEncoder(
      weights: path, config: files.configPath, device: options.device, precision: options.precision)
    tell(encoder.slowdown)
    return subwords(
      encoder.dimension, files.tokenizer.digest, limit: min(options.maxTokens ?? encoder.maxTokens, encoder.maxTokens),
      tokens: files.tokenizer.encode, vectors: encoder.encode)
  }

  private static func tell(_ slowdown: String?) {
    if let slowdown { Progress().note("ieum: \(slowdown)") }
  }

  private static func subwords(
    _ dimension: Int, _ digest: String, limit: Int, tokens: @escaping (String, Int) throws -> [Int],
    vectors: @escaping ([[Int]]) throws -> [Float]
  ) -> FrozenText {
    FrozenText(dimension: dimension, tokenizerDigest: digest) { texts in
      let flat = try vectors(try texts.map { try tokens($0, limit) })
      return texts.indices.map { .success(Array(flat[$0 * dimension..<($0 + 1) * dimension])) }
    }
  }

  /// The published vocabulary, where `make weights` has put it.
  static func cachedVocabulary(_ cache: Cache = Cache()) -> String? {
    let path = cache.weights + "/clip/bpe_simple_vocab_16e6.txt.gz"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }
}

/// The files of a pretrained BERT, DistilBERT or XLM-R: weights, and beside them `config.json` and a vocabulary unless
/// others are named.
struct PretrainedBert {
  let configPath: String
  let config: BertConfig
  let tokenizer: any BertTokenizer

  /// - Throws: ``IeumError`` (data) when a file is missing or damaged.
  init(_ weights: String, config: String? = nil, tokenizer: String? = nil) throws {
    configPath = config ?? (weights as NSString).deletingLastPathComponent + "/config.json"
    self.config = try BertConfig(file: configPath)
    self.tokenizer = try BertTokenizerFile.open(tokenizer, weights: weights, isRoberta: self.config.firstPosition > 0)
  }
}
