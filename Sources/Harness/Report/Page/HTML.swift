/// Escaping and small pieces of HTML.
enum HTML {
  /// Text or attribute value, with everything that HTML would read as markup escaped.
  static func escape(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.append(character)
      }
    }
  }

  /// Escaped text, marked as Korean where it has Hangul, so that the right glyphs and voice are chosen.
  static func text(_ text: String) -> String {
    isKorean(text) ? "<span lang=\"ko\">\(escape(text))</span>" : escape(text)
  }

  static func isKorean(_ text: String) -> Bool {
    text.unicodeScalars.contains {
      (0xAC00...0xD7A3).contains($0.value) || (0x1100...0x11FF).contains($0.value)
        || (0x3131...0x318E).contains($0.value)
    }
  }

  static func element(_ name: String, _ attributes: [(String, String)] = [], _ content: String) -> String {
    let written = attributes.map { " \($0)=\"\(escape($1))\"" }.joined()
    return "<\(name)\(written)>\(content)</\(name)>"
  }

  /// A name usable as an `id` and after `#`.
  static func anchor(_ id: String) -> String {
    "cell-" + id.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? String($0) : "_" }.joined()
  }

  /// A two-column table of facts; rows with an empty value are left out.
  static func facts(_ rows: [(String, String)]) -> String {
    let body = rows.filter { !$0.1.isEmpty }.map { "<tr><th scope=\"row\">\(text($0))</th><td>\($1)</td></tr>" }
    return body.isEmpty ? "" : "<table class=\"facts\">\(body.joined())</table>"
  }
}
