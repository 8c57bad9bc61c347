/// A JSON value that keeps the order of its keys and refuses repeated ones.
enum JSONValue {
  case string(String)
  case integer(Int)
  case array([JSONValue])
  case object([(key: String, value: JSONValue)])
  /// A number with fraction or exponent, true, false, null: nothing a weight header needs.
  case other
}

/// A strict JSON parser for small headers: objects in order, no repeated keys, at most `maximumDepth` levels.
struct JSONHeader {
  private var cursor: ByteCursor
  private var peeked: UInt8?
  private static let maximumDepth = 16

  private init(_ cursor: ByteCursor) { self.cursor = cursor }

  /// Parses the cursor's stretch as one value with nothing but white space after it.
  static func parse(_ cursor: ByteCursor) throws -> JSONValue {
    var parser = JSONHeader(cursor)
    let value = try parser.value(depth: 0)
    try parser.skipSpace()
    guard try parser.peek() == nil else { throw parser.fault("text after the end") }
    return value
  }

  private mutating func peek() throws -> UInt8? {
    if peeked == nil, !cursor.isAtEnd { peeked = try cursor.byte() }
    return peeked
  }

  private mutating func next() throws -> UInt8 {
    if let byte = peeked {
      peeked = nil
      return byte
    }
    return try cursor.byte()
  }

  private mutating func skipSpace() throws {
    while let byte = try peek(), byte == 32 || byte == 9 || byte == 10 || byte == 13 { peeked = nil }
  }

  private func fault(_ problem: String) -> Error { cursor.fault("is not valid JSON (\(problem))") }

  private mutating func value(depth: Int) throws -> JSONValue {
    guard depth < Self.maximumDepth else { throw fault("nested too deeply") }
    try skipSpace()
    switch try peek() {
    case UInt8(ascii: "{"): return .object(try object(depth: depth))
    case UInt8(ascii: "["): return .array(try array(depth: depth))
    case UInt8(ascii: "\""): return .string(try string())
    default: return try literal()
    }
  }

  private mutating func object(depth: Int) throws -> [(key: String, value: JSONValue)] {
    _ = try next()
    var members: [(key: String, value: JSONValue)] = []
    var seen: Set<String> = []
    try skipSpace()
    if try peek() == UInt8(ascii: "}") {
      _ = try next()
      return members
    }
    while true {
      try skipSpace()
      guard try peek() == UInt8(ascii: "\"") else { throw fault("a key is missing") }
      let key = try string()
      guard seen.insert(key).inserted else { throw fault("the key '\(key)' appears twice") }
      try skipSpace()
      guard try next() == UInt8(ascii: ":") else { throw fault("':' is missing after '\(key)'") }
      members.append((key, try value(depth: depth + 1)))
      if try !separator(or: UInt8(ascii: "}")) { return members }
    }
  }

  private mutating func array(depth: Int) throws -> [JSONValue] {
    _ = try next()
    var items: [JSONValue] = []
    try skipSpace()
    if try peek() == UInt8(ascii: "]") {
      _ = try next()
      return items
    }
    while true {
      items.append(try value(depth: depth + 1))
      if try !separator(or: UInt8(ascii: "]")) { return items }
    }
  }

  /// True after a comma, false after `close`.
  private mutating func separator(or close: UInt8) throws -> Bool {
    try skipSpace()
    switch try next() {
    case UInt8(ascii: ","): return true
    case close: return false
    default: throw fault("',' or '\(Character(UnicodeScalar(close)))' is missing")
    }
  }

  private mutating func literal() throws -> JSONValue {
    var text = ""
    while let byte = try peek(), !" \t\r\n,]}:".utf8.contains(byte), text.utf8.count < 64 {
      text.unicodeScalars.append(UnicodeScalar(byte))
      peeked = nil
    }
    if text == "-0" || text.hasPrefix("+") { return .other }
    if let number = Int(text) { return .integer(number) }
    if ["true", "false", "null"].contains(text) || Double(text) != nil { return .other }
    throw fault("'\(text)' is no value")
  }

  private mutating func string() throws -> String {
    _ = try next()
    var bytes: [UInt8] = []
    while true {
      let byte = try next()
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: bytes, as: UTF8.self) else {
          throw fault("a string is not UTF-8")
        }
        return text
      case UInt8(ascii: "\\"): try escape(into: &bytes)
      case 0..<32: throw fault("a control character in a string")
      default: bytes.append(byte)
      }
    }
  }

  private mutating func escape(into bytes: inout [UInt8]) throws {
    let byte = try next()
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(byte)
    case UInt8(ascii: "n"): bytes.append(10)
    case UInt8(ascii: "t"): bytes.append(9)
    case UInt8(ascii: "r"): bytes.append(13)
    case UInt8(ascii: "b"): bytes.append(8)
    case UInt8(ascii: "f"): bytes.append(12)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xd800..<0xdc00).contains(code) {
        guard try next() == UInt8(ascii: "\\"), try next() == UInt8(ascii: "u") else {
          throw fault("half a pair")
        }
        let low = try hexadecimal()
        guard (0xdc00..<0xe000).contains(low) else { throw fault("half a surrogate pair") }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = UnicodeScalar(code) else { throw fault("half a surrogate pair") }
      bytes.append(contentsOf: String(Character(scalar)).utf8)
    default: throw fault("an unknown escape in a string")
    }
  }

  private mutating func hexadecimal() throws -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(UnicodeScalar(try next())).hexDigitValue else {
        throw fault("a bad \\u escape")
      }
      code = code * 16 + UInt32(digit)
    }
    return code
  }
}
