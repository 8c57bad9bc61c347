import Basics
import Foundation

/// The central directory of a zip archive; zip64 included. Only entries that are stored plain can be read:
/// PyTorch keeps tensors so, and compresses nothing but the code of a TorchScript program.
/// - Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
struct ZipDirectory {
  struct Entry {
    let headerOffset: UInt64
    let size: UInt64
    let checksum: UInt32
    /// Neither compressed nor encrypted.
    let isPlain: Bool
  }

  private(set) var entries: [String: Entry] = [:]
  private let file: FileBytes
  private static let place = "zip directory"
  private static let unset: UInt64 = 0xffff_ffff

  /// - Throws: ``IeumError`` (data) if the directory is missing (a cut-off file) or damaged.
  init(_ file: FileBytes) throws {
    self.file = file
    let directory = try Self.locate(file)
    var cursor = ByteCursor(file, from: directory.lowerBound, to: directory.upperBound, place: Self.place)
    while !cursor.isAtEnd { try addEntry(&cursor) }
  }

  /// The range of the central directory, found through the record at the end of the file.
  private static func locate(_ file: FileBytes) throws -> Range<Int> {
    guard let end = endRecord(file) else {
      throw file.fault("has no zip directory at its end: the file is cut off", place: "byte \(file.count)")
    }
    var size = UInt64(try file.integer(UInt32.self, at: end + 12, place: place))
    var offset = UInt64(try file.integer(UInt32.self, at: end + 16, place: place))
    if file.starts(with: [0x50, 0x4b, 0x06, 0x07], at: end - 20) {
      let raw = try file.integer(UInt64.self, at: end - 12, place: place)
      let record = try file.offset(raw, place: place)
      guard file.starts(with: [0x50, 0x4b, 0x06, 0x06], at: record) else {
        throw file.fault("has a damaged zip64 record", place: "byte \(record)")
      }
      size = try file.integer(UInt64.self, at: record + 40, place: place)
      offset = try file.integer(UInt64.self, at: record + 48, place: place)
    }
    let start = try file.offset(offset, place: place)
    guard size <= UInt64(end - min(start, end)) else {
      throw file.fault("its zip directory runs past the end", place: "byte \(start)")
    }
    return start..<start + Int(size)
  }

  /// Where the end record starts: 22 bytes and a comment that reaches exactly to the end.
  private static func endRecord(_ file: FileBytes) -> Int? {
    guard file.count >= 22 else { return nil }
    for offset in stride(from: file.count - 22, through: max(0, file.count - 22 - 0xffff), by: -1)
    where file.starts(with: [0x50, 0x4b, 0x05, 0x06], at: offset) {
      let comment = Int(file.data[offset + 20]) | Int(file.data[offset + 21]) << 8
      if offset + 22 + comment == file.count { return offset }
    }
    return nil
  }

  private mutating func addEntry(_ cursor: inout ByteCursor) throws {
    guard try cursor.integer(UInt32.self) == 0x0201_4b50 else {
      throw cursor.fault("is a damaged zip directory")
    }
    _ = try cursor.take(4)
    let flags = try cursor.integer(UInt16.self)
    let method = try cursor.integer(UInt16.self)
    _ = try cursor.take(4)
    let checksum = try cursor.integer(UInt32.self)
    let compressed = UInt64(try cursor.integer(UInt32.self))
    var size = UInt64(try cursor.integer(UInt32.self))
    let nameLength = Int(try cursor.integer(UInt16.self))
    let extraLength = Int(try cursor.integer(UInt16.self))
    let commentLength = Int(try cursor.integer(UInt16.self))
    _ = try cursor.take(8)
    var offset = UInt64(try cursor.integer(UInt32.self))
    let name = try cursor.text(nameLength)
    let extra = cursor.position
    _ = try cursor.take(extraLength)
    _ = try cursor.take(commentLength)
    try widen(
      &size, compressed, &offset, ByteCursor(file, from: extra, to: extra + extraLength, place: "'\(name)'"))
    let entry = Entry(
      headerOffset: offset, size: size, checksum: checksum, isPlain: method == 0 && flags & 1 == 0)
    guard entries.updateValue(entry, forKey: name) == nil else {
      throw cursor.fault("lists '\(name)' twice")
    }
  }

  /// Takes the 64-bit sizes and offset from extra field 1 where the 32-bit ones are set to all ones.
  private func widen(_ size: inout UInt64, _ compressed: UInt64, _ offset: inout UInt64, _ extra: ByteCursor)
    throws
  {
    guard size == Self.unset || compressed == Self.unset || offset == Self.unset else { return }
    var cursor = extra
    while !cursor.isAtEnd {
      let identifier = try cursor.integer(UInt16.self)
      let length = Int(try cursor.integer(UInt16.self))
      let start = cursor.position
      _ = try cursor.take(length)
      guard identifier == 1 else { continue }
      var field = ByteCursor(file, from: start, to: start + length, place: extra.place)
      if size == Self.unset { size = try field.integer(UInt64.self) }
      if compressed == Self.unset { _ = try field.integer(UInt64.self) }
      if offset == Self.unset { offset = try field.integer(UInt64.self) }
      return
    }
    throw extra.fault("lacks its zip64 sizes")
  }

  /// Where an entry's bytes lie in the file, its checksum verified.
  /// - Throws: ``IeumError`` (data) for an unknown name, a range outside the file or bytes that were changed.
  func range(_ name: String) throws -> Range<Int> {
    guard let entry = entries[name] else { throw file.fault("has no entry '\(name)'", place: Self.place) }
    guard entry.isPlain else {
      throw file.fault("'\(name)' is compressed or encrypted: PyTorch stores tensors plain", place: Self.place)
    }
    let header = try file.offset(entry.headerOffset, place: "'\(name)'")
    guard file.starts(with: Signature.zip, at: header) else {
      throw file.fault("has a damaged entry header", place: "'\(name)', byte \(header)")
    }
    let nameLength = Int(try file.integer(UInt16.self, at: header + 26, place: "'\(name)'"))
    let extraLength = Int(try file.integer(UInt16.self, at: header + 28, place: "'\(name)'"))
    let start = header + 30 + nameLength + extraLength
    let size = try file.offset(entry.size, place: "'\(name)'")
    let bytes = try file.slice(start, size, place: "'\(name)'")
    // torch can leave checksums out, which reads as 0.
    guard entry.checksum == 0 || Checksum.crc32(bytes) == entry.checksum else {
      throw file.fault("its bytes were changed (checksum differs)", place: "'\(name)', byte \(start)")
    }
    return start..<start + size
  }
}

/// CRC-32 as zip uses it (polynomial 0xEDB88320), eight bytes at a time.
enum Checksum {
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for i in 0..<256 {
      var value = UInt32(i)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
      tables[i] = value
    }
    for table in 1..<8 {
      for i in 0..<256 {
        let previous = tables[(table - 1) * 256 + i]
        tables[table * 256 + i] = previous >> 8 ^ tables[Int(previous & 0xff)]
      }
    }
    return tables
  }()

  static func crc32(_ data: Data) -> UInt32 {
    tables.withUnsafeBufferPointer { table in data.withUnsafeBytes { crc32($0, table) } }
  }

  private static func crc32(_ bytes: UnsafeRawBufferPointer, _ table: UnsafeBufferPointer<UInt32>) -> UInt32 {
    var crc: UInt32 = 0xffff_ffff
    var index = 0
    while index + 8 <= bytes.count {
      let word =
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ UInt64(crc)
      crc = 0
      for byte in 0..<8 { crc ^= table[(7 - byte) * 256 + Int(word >> UInt64(8 * byte) & 0xff)] }
      index += 8
    }
    while index < bytes.count {
      crc = crc >> 8 ^ table[Int((crc ^ UInt32(bytes[index])) & 0xff)]
      index += 1
    }
    return crc ^ 0xffff_ffff
  }
}
