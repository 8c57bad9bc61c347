import Basics
import Foundation

/// BERT's WordPiece: normalise, split at spaces and punctuation, then take the longest known piece from the left.
///
/// Agrees with Hugging Face's fast `BertTokenizer`: special tokens written out in the text are recognised, a word
/// longer than 100 characters or without a segmentation becomes `[UNK]`.
/// - Source: Devlin et al. 2019; Wu et al. 2016, section 4.1.
public struct WordPieceTokenizer: BertTokenizer {
  public let vocabularySize: Int
  public let classID: Int
  public let separatorID: Int
  public let paddingID: Int
  public let unknownID: Int
  public let digest: String
  /// What happens to text before it is split.
  public let normalization: BertNormalization

  private let vocabulary: PieceTable
  private let continuation: [UInt8]
  private let maximumWordLength: Int
  private let specials: [(bytes: [UInt8], id: Int)]

  /// Opens a `vocab.txt` (one piece a line) or a `tokenizer.json` with a WordPiece model, told apart by content.
  ///
  /// - Parameter lowercase: whether to lower-case and strip accents. By default what `tokenizer.json` says; for a
  ///   `vocab.txt` what `do_lower_case` in a `tokenizer_config.json` beside it says, and true without one.
  /// - Throws: ``IeumError`` (data) when the file is damaged, of another model type or lacks a special token.
  public init(file path: String, lowercase: Bool? = nil) throws {
    let bytes = try BertTokenizerFile.read(path)
    let isJSON = bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == 0x7B
    let definition =
      isJSON
      ? try WordPieceDefinition(json: bytes, path: path) : try WordPieceDefinition(lines: bytes, path: path)
    var normalization = definition.normalization
    if let lowercase {
      normalization.lowercase = lowercase
      normalization.stripAccents = lowercase
    }
    try self.init(definition, normalization, path: path, fileDigest: Digest.of(bytes))
  }

  /// As ``init(file:lowercase:)``, for callers that know which of the two they have.
  public init(vocabularyFile path: String, lowercase: Bool? = nil) throws {
    try self.init(file: path, lowercase: lowercase)
  }

  /// As ``init(file:lowercase:)``, for callers that know which of the two they have.
  public init(tokenizerJSON path: String, lowercase: Bool? = nil) throws {
    try self.init(file: path, lowercase: lowercase)
  }

  private init(
    _ definition: WordPieceDefinition, _ normalization: BertNormalization, path: String, fileDigest: String
  ) throws {
    let table = definition.vocabulary
    func required(_ piece: String) throws -> Int {
      guard let id = table[piece] else {
        throw IeumError(
          .data, "the vocabulary has no piece '\(piece)'", file: path, remedy: "use the vocabulary of a BERT model")
      }
      return id
    }
    vocabulary = table
    vocabularySize = table.size
    classID = try required("[CLS]")
    separatorID = try required("[SEP]")
    unknownID = try required(definition.unknownPiece)
    paddingID = table["[PAD]"] ?? 0
    continuation = Array(definition.continuation.utf8)
    maximumWordLength = definition.maximumWordLength
    specials = definition.specials.compactMap { name in table[name].map { (Array(name.utf8), $0) } }
    self.normalization = normalization
    digest = Digest.of("wordpiece 1 \(fileDigest) \(normalization)")
  }

  public func pieces(_ text: String) -> [Int] {
    var ids: [Int] = []
    let bytes = Array(text.utf8)
    var start = 0
    var offset = 0
    while offset < bytes.count {
      if bytes[offset] == 0x5B || specials.contains(where: { $0.bytes.first == bytes[offset] }),
        let special = specials.first(where: { bytes[offset...].starts(with: $0.bytes) })
      {
        appendPieces(of: bytes[start..<offset], to: &ids)
        ids.append(special.id)
        offset += special.bytes.count
        start = offset
      } else {
        offset += 1
      }
    }
    appendPieces(of: bytes[start...], to: &ids)
    return ids
  }

  private func appendPieces(of bytes: ArraySlice<UInt8>, to ids: inout [Int]) {
    guard !bytes.isEmpty else { return }
    for word in BertWords.split(normalization.applied(to: String(decoding: bytes, as: UTF8.self))) {
      appendPieces(ofWord: word, to: &ids)
    }
  }

  private func appendPieces(ofWord scalars: ArraySlice<Unicode.Scalar>, to ids: inout [Int]) {
    guard scalars.count <= maximumWordLength else { return ids.append(unknownID) }
    var bytes: [UInt8] = []
    // Piece boundaries may only lie between characters.
    var boundaries = [0]
    for scalar in scalars {
      bytes.append(contentsOf: scalar.utf8)
      boundaries.append(bytes.count)
    }
    let before = ids.count
    var first = 0
    while first < boundaries.count - 1 {
      guard let (id, next) = longestPiece(bytes, boundaries, from: first) else {
        ids.removeSubrange(before...)
        return ids.append(unknownID)
      }
      ids.append(id)
      first = next
    }
  }

  private func longestPiece(_ bytes: [UInt8], _ boundaries: [Int], from first: Int) -> (id: Int, next: Int)? {
    var candidate = first == 0 ? [] : continuation
    candidate.append(contentsOf: bytes[boundaries[first]...])
    let shift = candidate.count - bytes.count
    for last in stride(from: boundaries.count - 1, to: first, by: -1) {
      if let id = vocabulary[candidate[..<(boundaries[last] + shift)]] { return (id, last) }
    }
    return nil
  }
}
