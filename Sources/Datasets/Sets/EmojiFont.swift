import Basics
import Foundation

/// The pictures in a colour font whose glyphs are PNG files (tables CBLC and CBDT).
///
/// Only glyphs that stand for one code point are read; flags, skin tones and families are sequences.
/// - Source: OpenType 1.9, `cmap` format 12, `CBLC` index formats 1 and 3, `CBDT` image formats 17 to 19.
public struct EmojiFont {
  /// Code point → its picture, a whole PNG file.
  public let pictures: [UInt32: Data]

  /// - Throws: ``IeumError`` (data) for a file that is no such font or is cut short.
  public init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw IeumError(
        .data, "cannot be read", file: path, place: "dataset 'emoji'",
        remedy: "install the Debian package fonts-noto-color-emoji (scripts/setup.sh does)")
    }
    let bytes = BigEndianBytes(data: data, path: path)
    let tables = try Self.tables(bytes)
    let places = try Self.places(
      bytes, index: Self.table("CBLC", tables, path), images: Self.table("CBDT", tables, path))
    pictures = try Self.glyphs(bytes, cmap: Self.table("cmap", tables, path), where: { places[$0] != nil })
      .compactMapValues { glyph in try places[glyph].flatMap { try Self.picture(bytes, at: $0) } }
  }

  private struct Place {
    let offset: Int
    let format: Int
  }

  private static func table(_ name: String, _ tables: [String: Int], _ path: String) throws -> Int {
    guard let offset = tables[name] else {
      throw IeumError(
        .data, "has no table '\(name)'", file: path, place: "dataset 'emoji'",
        remedy: "take NotoColorEmoji.ttf of Debian's fonts-noto-color-emoji, whose glyphs are PNG pictures")
    }
    return offset
  }

  private static func tables(_ bytes: BigEndianBytes) throws -> [String: Int] {
    var tables: [String: Int] = [:]
    for index in 0..<(try bytes.u16(4)) {
      let record = 12 + 16 * index
      let tag = String(decoding: try bytes.slice(record, 4), as: UTF8.self)
      tables[tag] = try bytes.u32(record + 8)
    }
    return tables
  }

  /// Code point → glyph, of the glyphs that are wanted.
  private static func glyphs(
    _ bytes: BigEndianBytes, cmap: Int, where isWanted: (Int) -> Bool
  ) throws -> [UInt32: Int] {
    var glyphs: [UInt32: Int] = [:]
    var listed = 0
    for index in 0..<(try bytes.u16(cmap + 2)) {
      let start = cmap + (try bytes.u32(cmap + 4 + 8 * index + 4))
      guard try bytes.u16(start) == 12 else { continue }
      for group in 0..<(try bytes.u32(start + 12)) {
        let record = start + 16 + 12 * group
        let (first, last) = (try bytes.u32(record), try bytes.u32(record + 4))
        listed += last - first + 1
        guard first <= last, last <= 0x10FFFF, listed <= 0x110000 else {
          throw bytes.damage("table 'cmap' holds a group of code points that cannot be")
        }
        let glyph = try bytes.u32(record + 8)
        for point in first...last where isWanted(glyph + point - first) {
          glyphs[UInt32(point)] = glyph + point - first
        }
      }
    }
    return glyphs
  }

  /// Glyph → where its picture stands, of the first size that the font has.
  private static func places(_ bytes: BigEndianBytes, index: Int, images: Int) throws -> [Int: Place] {
    guard try bytes.u32(index + 4) > 0 else { throw bytes.damage("holds no sizes") }
    let array = index + (try bytes.u32(index + 8))
    var places: [Int: Place] = [:]
    for part in 0..<(try bytes.u32(index + 16)) {
      let record = array + 8 * part
      let (first, last) = (try bytes.u16(record), try bytes.u16(record + 2))
      let header = array + (try bytes.u32(record + 4))
      let (kind, format) = (try bytes.u16(header), try bytes.u16(header + 2))
      guard first <= last, kind == 1 || kind == 3 else { continue }
      guard places.count + last - first <= 0xFFFF else { throw bytes.damage("holds more glyphs than a font can") }
      let base = images + (try bytes.u32(header + 4))
      for glyph in first...last {
        let slot = glyph - first
        let (offset, next) =
          kind == 1
          ? (try bytes.u32(header + 8 + 4 * slot), try bytes.u32(header + 12 + 4 * slot))
          : (try bytes.u16(header + 8 + 2 * slot), try bytes.u16(header + 10 + 2 * slot))
        if next > offset { places[glyph] = Place(offset: base + offset, format: format) }
      }
    }
    return places
  }

  /// Behind the glyph's metrics: the number of bytes, and the PNG file.
  private static func picture(_ bytes: BigEndianBytes, at place: Place) throws -> Data? {
    guard let metrics = [17: 5, 18: 8, 19: 0][place.format] else { return nil }
    let start = place.offset + metrics
    return try bytes.slice(start + 4, bytes.u32(start))
  }
}

/// A file of big-endian numbers, bounds-checked.
struct BigEndianBytes {
  let data: Data
  let path: String

  func u16(_ offset: Int) throws -> Int { try slice(offset, 2).reduce(0) { $0 << 8 | Int($1) } }
  func u32(_ offset: Int) throws -> Int { try slice(offset, 4).reduce(0) { $0 << 8 | Int($1) } }

  func slice(_ offset: Int, _ count: Int) throws -> Data {
    guard offset >= 0, count >= 0, offset <= data.count, count <= data.count - offset else {
      throw damage("is cut short: \(count) bytes at byte \(offset), of \(data.count)")
    }
    return data[data.startIndex + offset..<data.startIndex + offset + count]
  }

  func damage(_ problem: String) -> IeumError {
    IeumError(.data, problem, file: path, place: "dataset 'emoji'", remedy: "install the font again")
  }
}
