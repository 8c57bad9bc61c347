/// Cuts cleaned text into the words that CLIP's tokenizer encodes one by one: runs of letters, single digits, runs of
/// other signs, the English contractions, and the two special tokens written out.
enum ClipWords {
  enum Word: Equatable {
    case text(ArraySlice<UInt8>)
    case start, end
  }

  static let startToken = "<|startoftext|>"
  static let endToken = "<|endoftext|>"
  private static let specials: [([Unicode.Scalar], Word)] = [
    (Array(startToken.unicodeScalars), .start), (Array(endToken.unicodeScalars), .end),
  ]
  private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.unicodeScalars) }

  private enum Kind { case space, letter, number, other }

  static func split(_ text: String) -> [Word] {
    let scalars = Array(text.unicodeScalars)
    var words: [Word] = []
    var index = 0
    while index < scalars.count {
      if let (token, word) = specials.first(where: { scalars[index...].starts(with: $0.0) }) {
        words.append(word)
        index += token.count
        continue
      }
      let length = wordLength(scalars[index...])
      if length > 0 {
        words.append(.text(ArraySlice(scalars[index..<index + length].flatMap { Array(String($0).utf8) })))
      }
      index += max(1, length)
    }
    return words
  }

  /// Scalars of the word that begins here; 0 at a space.
  private static func wordLength(_ rest: ArraySlice<Unicode.Scalar>) -> Int {
    if let contraction = contractions.first(where: { rest.starts(with: $0) }) { return contraction.count }
    guard let first = rest.first else { return 0 }
    switch kind(first) {
    case .space: return 0
    case .number: return 1
    case .letter: return rest.prefix { kind($0) == .letter }.count
    case .other: return rest.prefix { kind($0) == .other }.count
    }
  }

  private static func kind(_ scalar: Unicode.Scalar) -> Kind {
    if scalar.isASCII {
      switch scalar.value {
      case 48...57: return .number
      case 65...90, 97...122: return .letter
      case 9...13, 28...32: return .space
      default: return .other
      }
    }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return .letter
    case .decimalNumber, .letterNumber, .otherNumber: return .number
    default: return scalar.properties.isWhitespace ? .space : .other
    }
  }
}
