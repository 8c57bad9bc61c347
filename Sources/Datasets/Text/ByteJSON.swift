/// JSON whose object keys keep their bytes and order.
///
/// Foundation's dictionaries merge keys that are canonically equivalent, which vocabularies do contain.
enum ByteJSON: Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string([UInt8])
  case array([ByteJSON])
  case object([Member])

  struct Member: Equatable {
    let key: [UInt8]
    let value: ByteJSON
  }

  struct SyntaxError: Error {
    let offset: Int
  }

  static func parse(_ bytes: [UInt8]) throws -> ByteJSON {
    var parser = Parser(bytes: bytes)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.offset == bytes.count else { throw SyntaxError(offset: parser.offset) }
    return value
  }

  subscript(key: String) -> ByteJSON? {
    guard case .object(let members) = self else { return nil }
    let bytes = Array(key.utf8)
    return members.last { $0.key == bytes }?.value
  }

  var members: [([UInt8], ByteJSON)]? {
    if case .object(let members) = self { members.map { ($0.key, $0.value) } } else { nil }
  }
  var elements: [ByteJSON]? { if case .array(let elements) = self { elements } else { nil } }
  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  var string: String? { if case .string(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil } }
  var int: Int? { if case .number(let value) = self { Int(exactly: value) } else { nil } }
}

/// Recursive descent over UTF-8 bytes.
private struct Parser {
  let bytes: [UInt8]
  var offset = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  private var failure: ByteJSON.SyntaxError { .init(offset: offset) }
  private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  mutating func skipSpace() {
    while let byte = next, byte == 0x20 || (0x09...0x0D).contains(byte) { offset += 1 }
  }

  private mutating func take(_ text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    let wanted = UnsafeBufferPointer(start: text.utf8Start, count: length)
    guard offset + length <= bytes.count, bytes[offset..<offset + length].elementsEqual(wanted) else { return false }
    offset += length
    return true
  }

  mutating func value(depth: Int) throws -> ByteJSON {
    guard depth < 128 else { throw failure }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    default:
      if take("true") { return .bool(true) }
      if take("false") { return .bool(false) }
      if take("null") { return .null }
      return try number()
    }
  }

  private mutating func object(depth: Int) throws -> ByteJSON {
    var members: [ByteJSON.Member] = []
    offset += 1
    skipSpace()
    if take("}") { return .object([]) }
    repeat {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw failure }
      let key = try string()
      skipSpace()
      guard take(":") else { throw failure }
      members.append(.init(key: key, value: try value(depth: depth + 1)))
      skipSpace()
    } while take(",")
    guard take("}") else { throw failure }
    return .object(members)
  }

  private mutating func array(depth: Int) throws -> ByteJSON {
    var elements: [ByteJSON] = []
    offset += 1
    skipSpace()
    if take("]") { return .array([]) }
    repeat {
      elements.append(try value(depth: depth + 1))
      skipSpace()
    } while take(",")
    guard take("]") else { throw failure }
    return .array(elements)
  }

  private mutating func number() throws -> ByteJSON {
    let start = offset
    while let byte = next, (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte) { offset += 1 }
    guard let value = Double(String(decoding: bytes[start..<offset], as: UTF8.self)) else { throw failure }
    return .number(value)
  }

  private mutating func string() throws -> [UInt8] {
    offset += 1
    var result: [UInt8] = []
    while let byte = next {
      offset += 1
      switch byte {
      case UInt8(ascii: "\""): return result
      case UInt8(ascii: "\\"): try appendEscape(to: &result)
      default: result.append(byte)
      }
    }
    throw failure
  }

  private mutating func appendEscape(to result: inout [UInt8]) throws {
    guard let byte = next else { throw failure }
    offset += 1
    switch byte {
    case UInt8(ascii: "n"): result.append(0x0A)
    case UInt8(ascii: "t"): result.append(0x09)
    case UInt8(ascii: "r"): result.append(0x0D)
    case UInt8(ascii: "b"): result.append(0x08)
    case UInt8(ascii: "f"): result.append(0x0C)
    case UInt8(ascii: "u"): result.append(contentsOf: Array(String(try unicodeEscape()).utf8))
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
    default: throw failure
    }
  }

  private mutating func hexUnit() throws -> UInt32 {
    guard offset + 4 <= bytes.count,
      let unit = UInt32(String(decoding: bytes[offset..<offset + 4], as: UTF8.self), radix: 16)
    else { throw failure }
    offset += 4
    return unit
  }

  /// One UTF-16 unit or a surrogate pair; a lone surrogate is an error.
  private mutating func unicodeEscape() throws -> Character {
    var value = try hexUnit()
    if (0xD800..<0xDC00).contains(value), take("\\u") {
      let low = try hexUnit()
      guard (0xDC00..<0xE000).contains(low) else { throw failure }
      value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw failure }
    return Character(scalar)
  }
}
