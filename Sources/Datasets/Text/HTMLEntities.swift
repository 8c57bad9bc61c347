/// HTML's character references: numbers, the names of Latin-1 and of common punctuation.
/// - Source: WHATWG HTML, 13.2.5.72 to 13.2.5.80.
enum HTMLEntities {
  /// The names of U+00A0…U+00FF in order; like the basic ones they also count without a semicolon.
  private static let latin1 = """
    nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro \
    para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil \
    Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave \
    Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml \
    igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute \
    thorn yuml
    """

  private static let legacy: [String: Unicode.Scalar] = {
    var names: [String: Unicode.Scalar] = ["amp": "&", "lt": "<", "gt": ">", "quot": "\""]
    for (offset, name) in latin1.split(whereSeparator: \.isWhitespace).enumerated() {
      names[String(name)] = Unicode.Scalar(UInt8(0xA0 + offset))
    }
    return names
  }()

  private static let closed: [String: Unicode.Scalar] = [
    "apos": "'", "ndash": "–", "mdash": "—", "lsquo": "‘", "rsquo": "’", "sbquo": "‚", "ldquo": "“", "rdquo": "”",
    "bdquo": "„", "hellip": "…", "bull": "•", "trade": "™", "euro": "€", "prime": "′", "Prime": "″", "minus": "−",
    "hearts": "♥", "star": "☆", "rarr": "→", "larr": "←", "zwj": "\u{200D}", "ensp": "\u{2002}", "emsp": "\u{2003}",
    "thinsp": "\u{2009}", "lsaquo": "‹", "rsaquo": "›", "OElig": "Œ", "oelig": "œ", "Scaron": "Š", "scaron": "š",
  ]

  /// What Windows-1252 shows for the numbers 128…159, which are meant by them.
  static let windows1252: [UInt32] = [
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D,
    0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,
    0x017E, 0x0178,
  ]

  static func unescape(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
    let scalars = Array(text.unicodeScalars)
    var result = String.UnicodeScalarView()
    var index = 0
    while index < scalars.count {
      if scalars[index] == "&", let (scalar, length) = reference(scalars[(index + 1)...]) {
        result.append(scalar)
        index += 1 + length
      } else {
        result.append(scalars[index])
        index += 1
      }
    }
    return String(result)
  }

  /// The character meant behind an ampersand, and the scalars that say so.
  private static func reference(_ rest: ArraySlice<Unicode.Scalar>) -> (Unicode.Scalar, Int)? {
    if rest.first == "#" { return numeric(rest) }
    let name = rest.prefix(32).prefix { $0.isASCII && $0.properties.isAlphabetic || ("0"..."9").contains($0) }
    let text = String(String.UnicodeScalarView(name))
    if rest.dropFirst(name.count).first == ";", let scalar = legacy[text] ?? closed[text] {
      return (scalar, name.count + 1)
    }
    for length in stride(from: text.count, to: 1, by: -1) {
      if let scalar = legacy[String(text.prefix(length))] { return (scalar, length) }
    }
    return nil
  }

  private static func numeric(_ rest: ArraySlice<Unicode.Scalar>) -> (Unicode.Scalar, Int)? {
    let body = rest.dropFirst()
    let isHex = body.first == "x" || body.first == "X"
    let digits = body.dropFirst(isHex ? 1 : 0).prefix(8).prefix { isHex ? $0.properties.isASCIIHexDigit : ("0"..."9").contains($0) }
    guard !digits.isEmpty else { return nil }
    let value = UInt32(String(String.UnicodeScalarView(digits)), radix: isHex ? 16 : 10) ?? 0xFFFD
    var length = 1 + (isHex ? 1 : 0) + digits.count
    if rest.dropFirst(length).first == ";" { length += 1 }
    let meant = (0x80...0x9F).contains(value) ? windows1252[Int(value) - 0x80] : value
    return (Unicode.Scalar(meant == 0 ? 0xFFFD : meant) ?? "\u{FFFD}", length)
  }
}
