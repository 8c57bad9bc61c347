import Basics
import Foundation

/// Text to the sub-word ids that a BERT reads, special tokens included.
public protocol BertTokenizer: Sendable {
  /// Number of ids; every id is below it.
  var vocabularySize: Int { get }
  /// The id of `[CLS]`, which opens every sequence.
  var classID: Int { get }
  /// The id of `[SEP]`, which closes every sequence.
  var separatorID: Int { get }
  /// The id that fills shorter rows of a batch.
  var paddingID: Int { get }
  /// SHA-256 over the vocabulary file and the settings that change ids.
  var digest: String { get }

  /// Ids of the text's pieces, without special tokens around them.
  func pieces(_ text: String) throws -> [Int]
}

extension BertTokenizer {
  /// `[CLS]`, the first `maxTokens − 2` pieces of the text, `[SEP]`.
  /// - Throws: ``IeumError`` (usage) when `maxTokens` leaves no room for both special tokens.
  public func encode(_ text: String, maxTokens: Int) throws -> [Int] {
    guard maxTokens >= 2 else {
      throw IeumError(.usage, "\(maxTokens) tokens cannot hold [CLS] and [SEP]", remedy: "allow at least 2 tokens")
    }
    return try [classID] + pieces(text).prefix(maxTokens - 2) + [separatorID]
  }
}

/// Opens tokenizers of any kind.
public enum BertTokenizerFile {
  /// Names under which tokenizers lie beside weights, in the order in which they are preferred.
  public static let customaryNames = [
    "tokenizer.json", "vocab.txt", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model",
    "tokenizer_78b3253a26.model",
  ]

  /// Opens a `vocab.txt`, a `tokenizer.json` or a SentencePiece model, told apart by content.
  /// - Parameter lowercase: overrides what the files say; not for SentencePiece, whose model holds its normalisation.
  /// - Throws: ``IeumError`` (data) naming the file.
  public static func open(_ path: String, lowercase: Bool? = nil) throws -> any BertTokenizer {
    let bytes = try read(path)
    // A serialised model is a sequence of pieces: field 1, a length, and inside it field 1 again.
    let isModel = bytes.count > 3 && bytes[0] == 0x0A && bytes[2] == 0x0A
    if isModel { return try SentencePieceTokenizer(model: path) }
    return try WordPieceTokenizer(file: path, lowercase: lowercase)
  }

  /// Opens the given tokenizer, or the one beside a weight file.
  /// - Parameter isRoberta: a SentencePiece model's ids are shifted as (XLM-)RoBERTa's are.
  /// - Throws: ``IeumError`` (data) when there is none, or naming the file that is damaged.
  public static func open(_ path: String?, weights: String, isRoberta: Bool) throws -> any BertTokenizer {
    guard let path = path ?? beside(weights: weights, isRoberta: isRoberta) else {
      throw IeumError(
        .data, "no tokenizer lies beside the weights", file: weights,
        remedy: "put vocab.txt, tokenizer.json or a SentencePiece model there, or give --tokenizer")
    }
    return isRoberta ? try RobertaTokenizer(model: path) : try open(path)
  }

  /// The tokenizer file beside a weight file, if there is one.
  public static func beside(weights path: String, isRoberta: Bool = false) -> String? {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let names = isRoberta ? ["sentencepiece.bpe.model", "tokenizer.model"] : customaryNames
    return names.map { folder + "/" + $0 }.first { FileManager.default.fileExists(atPath: $0) }
  }

  static func read(_ path: String) throws -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw IeumError(
        .data, "the tokenizer file cannot be read", file: path, remedy: "check that the file exists and is readable")
    }
    guard !data.isEmpty else {
      throw IeumError(.data, "the tokenizer file is empty", file: path, remedy: "fetch it again")
    }
    return [UInt8](data)
  }
}
