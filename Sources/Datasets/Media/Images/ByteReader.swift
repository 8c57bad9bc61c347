import Foundation

/// Bounds-checked reads of numbers from bytes: every read past the end gives `nil`.
struct ByteReader {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var count: Int { bytes.count }

  func byte(_ offset: Int) -> Int? {
    offset >= 0 && offset < bytes.count ? Int(bytes[offset]) : nil
  }

  func number(_ offset: Int, bytes length: Int, bigEndian: Bool) -> Int? {
    guard offset >= 0, length > 0, offset <= bytes.count - length else { return nil }
    let piece = bytes[offset..<offset + length]
    return bigEndian
      ? piece.reduce(0) { $0 << 8 | Int($1) } : piece.reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// The first place of a byte from `offset` on.
  func first(_ byte: UInt8, from offset: Int) -> Int? {
    guard offset >= 0, offset < bytes.count else { return nil }
    return bytes.withUnsafeBytes { all in
      guard let start = all.baseAddress, let found = memchr(start + offset, Int32(byte), all.count - offset) else {
        return nil
      }
      return UnsafeRawPointer(found) - start
    }
  }

  func matches(_ text: String, at offset: Int) -> Bool {
    let wanted = Array(text.utf8)
    guard offset >= 0, offset <= bytes.count - wanted.count else { return false }
    return bytes[offset..<offset + wanted.count].elementsEqual(wanted)
  }
}
