import Basics
import Foundation

/// BERT's clean-up of text before it is split into words.
public struct BertNormalization: Sendable, Hashable {
  /// Drops control and unassigned characters and makes every space an ASCII space.
  public var cleanText = true
  /// Puts spaces round Chinese characters, so that each becomes a word.
  public var separateChinese = true
  /// Decomposes (NFD) and drops non-spacing marks.
  public var stripAccents = true
  public var lowercase = true

  public init() {}

  /// - Parameter json: the `normalizer` object of a `tokenizer.json`; absent or null = leave the text as it is.
  init(json: ByteJSON?, path: String) throws {
    guard let json, json != .null else {
      (cleanText, separateChinese, stripAccents, lowercase) = (false, false, false, false)
      return
    }
    guard json["type"]?.string == "BertNormalizer" else {
      throw IeumError(
        .data, "the normalizer '\(json["type"]?.string ?? "?")' is not supported", file: path, place: "normalizer.type",
        remedy: "use a tokenizer with a BertNormalizer, or its vocab.txt")
    }
    cleanText = json["clean_text"]?.bool ?? true
    separateChinese = json["handle_chinese_chars"]?.bool ?? true
    lowercase = json["lowercase"]?.bool ?? true
    stripAccents = json["strip_accents"]?.bool ?? lowercase
  }

  func applied(to text: String) -> [Unicode.Scalar] {
    var scalars: [Unicode.Scalar] = []
    for scalar in text.unicodeScalars {
      if cleanText, Self.isDropped(scalar) { continue }
      let kept = cleanText && BertWords.isSpace(scalar) ? " " : scalar
      if separateChinese, Self.isChinese(kept) {
        scalars += [" ", kept, " "]
      } else {
        scalars.append(kept)
      }
    }
    if stripAccents { scalars = Self.withoutAccents(scalars) }
    return lowercase ? scalars.flatMap { $0.isASCII ? [Self.asciiLower($0)] : Array($0.properties.lowercaseMapping.unicodeScalars) } : scalars
  }

  private static func asciiLower(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar
  }

  private static func withoutAccents(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
    guard !scalars.allSatisfy(\.isASCII) else { return scalars }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars)
    return String(text).decomposedStringWithCanonicalMapping.unicodeScalars
      .filter { $0.isASCII || $0.properties.generalCategory != .nonspacingMark }
  }

  /// NUL, the replacement character, and the categories Cc, Cf, Cn and Co but for tab and line ends.
  private static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0, 0xFFFD: return true
    case 9, 10, 13: return false
    case 0x20..<0x7F: return false
    default: break
    }
    switch scalar.properties.generalCategory {
    case .control, .format, .privateUse, .unassigned, .surrogate: return true
    default: return false
    }
  }

  /// The CJK Unified Ideographs blocks that BERT names; not Hangul, Hiragana or Katakana.
  private static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
      0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}

/// Splits normalised text into words: at white space, and around every punctuation mark.
enum BertWords {
  static func split(_ scalars: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
    var words: [ArraySlice<Unicode.Scalar>] = []
    var start = 0
    for (index, scalar) in scalars.enumerated() {
      let punctuation = isPunctuation(scalar)
      guard punctuation || isSpace(scalar) else { continue }
      if start < index { words.append(scalars[start..<index]) }
      if punctuation { words.append(scalars[index...index]) }
      start = index + 1
    }
    if start < scalars.count { words.append(scalars[start...]) }
    return words
  }

  static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isASCII ? scalar == " " || (9...13).contains(scalar.value) : scalar.properties.isWhitespace
  }

  /// Every ASCII sign that is no letter, digit or space counts, and Unicode's punctuation.
  private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 33...47, 58...64, 91...96, 123...126: return true
    case 0..<128: return false
    default: break
    }
    switch scalar.properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation:
      return true
    default: return false
    }
  }
}
