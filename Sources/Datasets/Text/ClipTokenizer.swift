import Basics
import Foundation

/// CLIP's byte-level byte-pair tokenizer.
///
/// Text is mended and unescaped, spaces are collapsed, letters lowered; each word's UTF-8 bytes are then merged.
/// - Source: Radford et al. 2021 (CLIP), 2.4; its published tokenizer.
public struct ClipTokenizer: Sendable {
  /// Number of ids; every id is below it.
  public let vocabularySize: Int
  /// The id that opens every sequence.
  public let startID: Int
  /// The id that closes every sequence; the text tower's vector is its state there.
  public let endID: Int
  /// SHA-256 over the vocabulary.
  public let digest: String

  /// Ids of the 256 bytes inside a word and at its end.
  private let inner, final: [Int]
  private let pairs: BytePairs
  private static let codeVersion = 1

  init(_ definition: BytePairDefinition) {
    vocabularySize = definition.vocabularySize
    (startID, endID) = (definition.startID, definition.endID)
    (inner, final, pairs) = (definition.inner, definition.final, definition.pairs)
    digest = Digest.of("clip-bpe \(Self.codeVersion) \(definition.digest)")
  }

  /// Opens a vocabulary as published.
  /// - Parameter path: `bpe_simple_vocab_16e6.txt` (perhaps gzipped), Hugging Face's `merges.txt` (a `vocab.json`
  ///   beside it gives the ids) or its `tokenizer.json`, told apart by content.
  /// - Throws: ``IeumError`` (data) naming the file when it is missing or damaged.
  public init(file path: String) throws { self.init(try BytePairDefinition(file: path)) }

  /// Names under which vocabularies lie beside weights, in the order in which they are preferred.
  public static let customaryNames = [
    "bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt", "merges.txt", "tokenizer.json",
  ]

  /// The vocabulary beside a weight file, if there is one.
  public static func beside(weights path: String) -> String? {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    return customaryNames.map { folder + "/" + $0 }.first { FileManager.default.fileExists(atPath: $0) }
  }

  /// Ids of the text's pieces, without start and end.
  public func pieces(_ text: String) -> [Int] {
    ClipWords.split(ClipTokenizer.cleaned(text)).flatMap { word in
      switch word {
      case .start: [startID]
      case .end: [endID]
      case .text(let bytes): pairs.apply(to: symbols(bytes))
      }
    }
  }

  /// Start, the text's pieces, end. A sequence that is too long keeps its first `maxTokens − 1` ids and the end.
  /// - Throws: ``IeumError`` (usage) when `maxTokens` leaves no room for start and end.
  public func encode(_ text: String, maxTokens: Int) throws -> [Int] {
    guard maxTokens >= 2 else {
      throw IeumError(
        .usage, "\(maxTokens) tokens cannot hold start and end", remedy: "allow at least 2 tokens")
    }
    return ([startID] + pieces(text)).prefix(maxTokens - 1) + [endID]
  }

  private func symbols(_ bytes: ArraySlice<UInt8>) -> [Int] {
    var ids = bytes.map { inner[Int($0)] }
    if let last = bytes.last { ids[ids.count - 1] = final[Int(last)] }
    return ids
  }

  /// What is encoded: mended, unescaped twice, spaces collapsed, lower case.
  static func cleaned(_ text: String) -> String {
    let plain = HTMLEntities.unescape(HTMLEntities.unescape(TextRepair.mend(text)))
    let words = plain.unicodeScalars.split { $0.properties.isWhitespace || (0x1C...0x1F).contains($0.value) }
    return lowered(words.map { String($0) }.joined(separator: " "))
  }

  /// Lower case, with the final form of sigma at the end of a Greek word.
  private static func lowered(_ text: String) -> String {
    let lower = text.lowercased()
    guard text.unicodeScalars.contains("Σ") else { return lower }
    let capitals = Array(text.unicodeScalars)
    var result = String.UnicodeScalarView()
    for (index, scalar) in capitals.enumerated() {
      let isFinal =
        scalar == "Σ" && index > 0 && capitals[index - 1].properties.isAlphabetic
        && !(index + 1 < capitals.count && capitals[index + 1].properties.isAlphabetic)
      result.append(contentsOf: isFinal ? "ς".unicodeScalars : scalar.properties.lowercaseMapping.unicodeScalars)
    }
    return String(result)
  }
}
