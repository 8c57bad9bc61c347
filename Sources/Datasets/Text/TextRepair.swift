import Foundation

/// Mends text that was decoded wrongly or typeset: UTF-8 that was read as Windows-1252, curly quotes, ligatures,
/// full-width letters, control characters. The part of `ftfy` that captions need, with its results; what only its
/// statistics can tell apart stays as it is.
enum TextRepair {
  static func mend(_ text: String) -> String {
    guard !text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return text }
    var scalars = withoutTerminalCodes(Array(text.unicodeScalars))
    for _ in 0..<3 {
      guard let better = decodedOnceMore(scalars) else { break }
      scalars = better
    }
    var result = String.UnicodeScalarView()
    for scalar in scalars { append(scalar, to: &result) }
    return String(result).precomposedStringWithCanonicalMapping
  }

  private static func append(_ scalar: Unicode.Scalar, to result: inout String.UnicodeScalarView) {
    switch scalar.value {
    case 0x2018, 0x2019, 0x201A, 0x201B, 0x02BC: result.append("'")
    case 0x201C...0x201F: result.append("\"")
    case 0...8, 0xB, 0xE...0x1F, 0x7F, 0x206A...0x206F, 0xFEFF, 0xFFF9...0xFFFC: break
    case 0x2028, 0x2029, 0x85: result.append("\n")
    case 0x132...0x133, 0x149, 0x1F1...0x1F3, 0x1C4...0x1CC, 0xFB00...0xFB06, 0x3000, 0xFF01...0xFFEF:
      result.append(contentsOf: String(scalar).precomposedStringWithCompatibilityMapping.unicodeScalars)
    default: result.append(scalar)
    }
  }

  /// Without `ESC [ … letter`, which programs send to colour a terminal.
  private static func withoutTerminalCodes(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
    guard scalars.contains("\u{1B}") else { return scalars }
    var result: [Unicode.Scalar] = []
    var index = 0
    while index < scalars.count {
      if scalars[index] == "\u{1B}", index + 1 < scalars.count, scalars[index + 1] == "[" {
        let codes = scalars[(index + 2)...].prefix { ("0"..."9").contains($0) || $0 == ";" }
        index += 2 + codes.count + 1
      } else {
        result.append(scalars[index])
        index += 1
      }
    }
    return result
  }

  private static let windows1252 = Dictionary(
    HTMLEntities.windows1252.enumerated().map { ($1, UInt8(0x80 + $0)) }, uniquingKeysWith: { first, _ in first })

  private static func byte(_ scalar: Unicode.Scalar) -> UInt8? {
    scalar.value <= 0xFF ? UInt8(scalar.value) : windows1252[scalar.value]
  }

  /// The text with every run that is the UTF-8 of one character, shown byte by byte, replaced by that character;
  /// nil when there is none. Two odd letters in a row may be meant as they are, so pairs other than those that begin
  /// with Â or Ã count only in company, and not at all where the second is a quotation mark or the like.
  private static func decodedOnceMore(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar]? {
    var result: [Unicode.Scalar] = []
    var (sure, doubtful, index) = (0, 0, 0)
    while index < scalars.count {
      guard let (scalar, length, weight) = sequence(scalars[index...], after: result.last) else {
        result.append(scalars[index])
        index += 1
        continue
      }
      result.append(scalar)
      index += length
      switch weight {
      case .sure: sure += 1
      case .doubtful: doubtful += 1
      case .none: break
      }
    }
    return sure > 0 || doubtful > 1 ? result : nil
  }

  /// How much a sequence says for itself.
  private enum Weight { case sure, doubtful, none }

  private static func sequence(
    _ rest: ArraySlice<Unicode.Scalar>, after before: Unicode.Scalar?
  ) -> (Unicode.Scalar, Int, Weight)? {
    guard let first = rest.first, first.value >= 0xC2, let lead = byte(first) else { return nil }
    let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
    let bytes = rest.prefix(length).compactMap(byte)
    guard (0xC2...0xF4).contains(lead), bytes.count == length,
      let text = String(validating: bytes, as: UTF8.self), text.unicodeScalars.count == 1,
      let scalar = text.unicodeScalars.first
    else { return nil }
    // 'é”…' at the end of a word is a quotation, not a Chinese character.
    let followsLetter = before.map { $0.isASCII && $0.properties.isAlphabetic } ?? false
    if length == 3, lead != 0xE2, followsLetter { return nil }
    if length > 2 || lead == 0xC2 || lead == 0xC3 { return (scalar, length, .sure) }
    return (scalar, length, rest.dropFirst().first.map({ $0.value > 0xFF }) ?? true ? .none : .doubtful)
  }
}
