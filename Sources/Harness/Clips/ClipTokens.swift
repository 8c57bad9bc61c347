import Basics
import Datasets
import Foundation
import Models

/// How the texts of a CLIP model become token ids: through files that come with its weights, or a vocabulary learnt here.
struct ClipTokens: Sendable {
  /// A file of the tokenizer under the name by which it is found; the vocabulary first.
  typealias File = (name: String, path: String)

  let padding: Int
  let encode: @Sendable (String) throws -> [Int]
  /// Number of ids.
  let vocabulary: Int
  /// The merge file of a learnt vocabulary.
  let merges: String?

  /// The config of a multilingual text side among its files.
  static let configName = "config.json"
  /// The file of a learnt vocabulary, beside the trained weights.
  static let mergesName = "merges.txt"

  /// The files that a cell's texts are tokenised with; nil where its vocabulary is learnt from the training texts.
  /// - Throws: ``IeumError`` (data) when weights are given and none lie beside them.
  static func files(_ task: ClipTask) throws -> [File]? {
    guard let vocabulary = try vocabulary(task) else { return nil }
    let name = (vocabulary as NSString).lastPathComponent
    let folder = (vocabulary as NSString).deletingLastPathComponent
    var files = [(name: name, path: vocabulary)]
    // What is looked for beside the vocabulary.
    let companion = name == mergesName ? "vocab.json" : "tokenizer_config.json"
    if companion != name, FileManager.default.fileExists(atPath: "\(folder)/\(companion)") {
      files.append((companion, "\(folder)/\(companion)"))
    }
    if task.clips.text.encoder == "clip-multilingual", let config = task.textConfig { files.append((configName, config)) }
    return files
  }

  private static func vocabulary(_ task: ClipTask) throws -> String? {
    if let given = task.tokenizer { return given }
    guard let weights = task.textWeights else { return nil }
    let isMultilingual = task.clips.text.encoder == "clip-multilingual"
    let found = isMultilingual
      ? BertTokenizerFile.beside(
        weights: weights, isRoberta: try BertConfig(file: task.textConfig ?? "").firstPosition > 0)
      : ClipTokenizer.beside(weights: weights) ?? FrozenText.cachedVocabulary(task.cache)
    guard let found else {
      throw IeumError(
        .data, "no vocabulary lies beside the weights", file: weights,
        remedy: isMultilingual
          ? "put vocab.txt, tokenizer.json or a SentencePiece model there, or name it as text.tokenizer"
          : "put bpe_simple_vocab_16e6.txt.gz there, name it as text.tokenizer, or run `make weights`")
    }
    return found
  }

  /// - Parameters:
  ///   - files: as ``files(_:)`` gives them.
  ///   - encoder: `clip-text` or `clip-multilingual`.
  ///   - words: most tokens of a text; the weights may allow fewer.
  ///   - known: the sizes of CLIP's own text tower, where it is given.
  /// - Throws: ``IeumError`` (data) for files that are damaged, or hold more ids than the weights have rows for.
  init(_ files: [File], encoder: String, words: Int, known: ClipTextConfig?) throws {
    guard let file = files.first?.path else { throw IeumError(.data, "the text side has no vocabulary", place: "text") }
    merges = nil
    if encoder == "clip-multilingual" {
      let config = try BertConfig(file: files.last { $0.name == Self.configName }?.path ?? "")
      let tokenizer = try BertTokenizerFile.open(file, weights: file, isRoberta: config.firstPosition > 0)
      try Self.check(tokenizer.vocabularySize, known: config.vocabularySize, file: file)
      let limit = min(words, config.maxTokens)
      (padding, vocabulary) = (config.padTokenID, tokenizer.vocabularySize)
      encode = { try tokenizer.encode($0, maxTokens: limit) }
    } else {
      let tokenizer = try ClipTokenizer(file: file)
      try Self.check(tokenizer.vocabularySize, known: known?.vocabulary ?? .max, file: file)
      let limit = min(words, known?.positions ?? .max)
      (padding, vocabulary) = (0, tokenizer.vocabularySize)
      encode = { try tokenizer.encode($0, maxTokens: limit) }
    }
  }

  private init(learnt tokenizer: ClipTokenizer, merges: String, words: Int) {
    (padding, vocabulary, self.merges) = (0, tokenizer.vocabularySize, merges)
    encode = { try tokenizer.encode($0, maxTokens: words) }
  }

  /// Byte pairs learnt from texts, at most `size` ids.
  static func learnt(_ texts: [String], size: Int, words: Int) throws -> ClipTokens {
    let (tokenizer, merges) = try ClipTokenizer.learn(texts, size: size)
    return ClipTokens(learnt: tokenizer, merges: merges, words: words)
  }

  /// A token without a row in the weights would only be noticed when it is met.
  private static func check(_ count: Int, known: Int, file: String) throws {
    guard count > known else { return }
    throw IeumError(
      .data, "has \(count) ids, the weights know \(known)", file: file, place: "text",
      remedy: "give the vocabulary that belongs to the weights")
  }
}
