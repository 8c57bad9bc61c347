import Basics
import Datasets
import Foundation
import Models
import Weights

/// A frozen text encoder as a function of sentences.
public struct FrozenText {
  public let dimension: Int
  /// One vector or one reason per sentence.
  public let vectors: ([String]) throws -> [Result<[Float], IeumError>]

  /// Mean of the vectors of the known words (hong2022: words outside the vocabulary are dropped).
  public static func wordVectors(_ path: String, language: String) throws -> FrozenText {
    let average = WordVectorAverage(try WordVectors.read(path))
    return FrozenText(dimension: average.dimension) { texts in
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

  /// A BERT with its tokenizer; `config.json` and the vocabulary default to the files beside the weights.
  public static func bert(
    _ path: String, config: String? = nil, tokenizer: String? = nil, pooling: String, maxTokens: Int? = nil
  ) throws -> FrozenText {
    let files = try PretrainedBert(path, config: config, tokenizer: tokenizer)
    let tokens = files.tokenizer
    let encoder = try BertEncoder.load(
      weights: path, config: files.configPath, pooling: BertPooling(rawValue: pooling) ?? .mean)
    let limit = min(maxTokens ?? encoder.maxTokens, encoder.maxTokens)
    return FrozenText(dimension: encoder.dimension) { texts in
      let ids = try texts.map { try tokens.encode($0, maxTokens: limit) }
      let flat = try encoder.encode(ids: ids)
      return texts.indices.map { row in
        .success(Array(flat[(row * encoder.dimension)..<((row + 1) * encoder.dimension)]))
      }
    }
  }
}

/// The files of a pretrained BERT: weights, and beside them `config.json` and a vocabulary unless others are named.
struct PretrainedBert {
  let configPath: String
  let config: BertConfig
  let tokenizer: any BertTokenizer

  /// - Throws: ``IeumError`` (data) when a file is missing or damaged.
  init(_ weights: String, config: String? = nil, tokenizer: String? = nil) throws {
    guard let vocabulary = tokenizer ?? BertTokenizerFile.beside(weights: weights) else {
      throw IeumError(
        .data, "no tokenizer lies beside the weights", file: weights,
        remedy: "put vocab.txt, tokenizer.json or a SentencePiece model there, or give --tokenizer")
    }
    configPath = config ?? (weights as NSString).deletingLastPathComponent + "/config.json"
    self.config = try BertConfig(file: configPath)
    self.tokenizer = try BertTokenizerFile.open(vocabulary)
  }
}
