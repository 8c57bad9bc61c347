/// Columns that a text takes in a terminal: two for Hangul, kana, ideographs and full-width forms, none for marks.
enum DisplayWidth {
  static func of(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + width($1) } }

  private static func width(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .control, .format: return 0
    default: break
    }
    switch scalar.value {
    // Hangul vowels and finals of the conjoining kind join the syllable before them.
    case 0x1160...0x11FF: return 0
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }

  /// Fills up with spaces to a width, on the left for numbers.
  static func pad(_ text: String, to width: Int, alignRight: Bool) -> String {
    let space = String(repeating: " ", count: max(0, width - of(text)))
    return alignRight ? space + text : text + space
  }
}
