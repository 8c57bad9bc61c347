import Foundation

/// Words for word vectors and recurrent encoders.
///
/// Text is brought to NFC and lower case and split into runs of letters, digits and the marks on them; everything
/// else separates. In Korean (`ko`) a trailing particle is then removed from each word (``KoreanParticles``).
public enum WordTokenizer {
  /// - Parameter language: an ISO 639-1 code, possibly with a region (`ko`, `ko-KR`); only Korean is special.
  public static func words(_ text: String, language: String = "en") -> [String] {
    let runs = runs(text.precomposedStringWithCanonicalMapping.lowercased())
    return isKorean(language) ? runs.map(KoreanParticles.stripped) : runs
  }

  static func isKorean(_ language: String) -> Bool {
    let code = language.lowercased().prefix { $0 != "-" && $0 != "_" }
    return code == "ko" || code == "korean" || code == "kor"
  }

  private static func runs(_ text: String) -> [String] {
    text.unicodeScalars.split { !isWordScalar($0) }.map { String($0).precomposedStringWithCanonicalMapping }
  }

  private static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
      .letterNumber, .otherNumber, .nonspacingMark, .spacingMark:
      true
    default: false
    }
  }
}
