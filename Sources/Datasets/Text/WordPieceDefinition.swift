import Basics
import Foundation

/// What a vocabulary file says about a WordPiece tokenizer.
struct WordPieceDefinition {
  var vocabulary = PieceTable()
  var normalization = BertNormalization()
  var unknownPiece = "[UNK]"
  var continuation = "##"
  var maximumWordLength = 100
  /// Tokens recognised in raw text, longest first.
  var specials = ["[MASK]", "[CLS]", "[SEP]", "[PAD]", "[UNK]"]

  /// A `vocab.txt`: the line number, from 0, is the id.
  init(lines bytes: [UInt8], path: String) throws {
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    for (id, line) in lines.enumerated() {
      vocabulary.set(Array(line.last == 0x0D ? line.dropLast() : line), id: id)
    }
    if let lowercase = try Self.declaredLowercase(beside: path) {
      normalization.lowercase = lowercase
      normalization.stripAccents = lowercase
    }
  }

  private static func declaredLowercase(beside path: String) throws -> Bool? {
    let config = URL(fileURLWithPath: path).deletingLastPathComponent().path + "/tokenizer_config.json"
    guard let data = FileManager.default.contents(atPath: config) else { return nil }
    guard let object = try? ByteJSON.parse([UInt8](data)) else {
      throw IeumError(.data, "is not valid JSON", file: config, remedy: "fetch it again or remove it")
    }
    return object["do_lower_case"]?.bool
  }

  /// A `tokenizer.json` of Hugging Face tokenizers.
  init(json bytes: [UInt8], path: String) throws {
    let root: ByteJSON
    do {
      root = try ByteJSON.parse(bytes)
    } catch let error as ByteJSON.SyntaxError {
      throw IeumError(.data, "is not valid JSON", file: path, place: "byte \(error.offset)", remedy: "fetch it again")
    }
    guard let model = root["model"], let entries = model["vocab"]?.members,
      model["type"]?.string ?? "WordPiece" == "WordPiece"
    else {
      throw IeumError(
        .data, "holds no WordPiece model", file: path, place: "model",
        remedy: "use the vocab.txt, or the SentencePiece .model of this tokenizer")
    }
    for (piece, value) in entries {
      guard let id = value.int, id >= 0 else {
        throw IeumError(
          .data, "the id of '\(String(decoding: piece, as: UTF8.self))' is not a number", file: path, place: "model.vocab")
      }
      vocabulary.set(piece, id: id)
    }
    unknownPiece = model["unk_token"]?.string ?? unknownPiece
    continuation = model["continuing_subword_prefix"]?.string ?? continuation
    maximumWordLength = model["max_input_chars_per_word"]?.int ?? maximumWordLength
    normalization = try BertNormalization(json: root["normalizer"], path: path)
    readAddedTokens(root["added_tokens"]?.elements ?? [])
  }

  private mutating func readAddedTokens(_ tokens: [ByteJSON]) {
    guard !tokens.isEmpty else { return }
    specials = []
    for token in tokens {
      guard let content = token["content"]?.string, let id = token["id"]?.int else { continue }
      vocabulary.set(Array(content.utf8), id: id)
      specials.append(content)
    }
    specials.sort { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
  }
}
