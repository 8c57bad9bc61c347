/// What the containers of still images tell without decoding: whether the file is whole, and where its EXIF block is.
///
/// Decoders accept a picture whose end is missing (they repeat grey or the last rows), so wholeness is checked here.
enum ImageContainer {
  /// Why the file cannot be whole; `nil` when nothing speaks against it.
  static func damage(in bytes: [UInt8], format: ImageFormat) -> String? {
    let reader = ByteReader(bytes)
    switch format {
    case .jpeg: return jpegSegments(reader).isComplete ? nil : "its end is missing"
    case .png: return pngChunks(reader).isComplete ? nil : "its last chunk is missing"
    case .webp:
      guard let size = reader.number(4, bytes: 4, bigEndian: false), size + 8 <= bytes.count else {
        return "it is shorter than its header says"
      }
      return nil
    case .gif: return gifIsWhole(reader) ? nil : "its first picture does not end"
    case .bmp: return bmpIsWhole(reader) ? nil : "it is shorter than its header says"
    case .tiff, .svg: return nil
    }
  }

  /// The offset of the EXIF block's TIFF header, if the image has one.
  static func exifOffset(in bytes: [UInt8], format: ImageFormat) -> Int? {
    let reader = ByteReader(bytes)
    switch format {
    case .jpeg: return jpegSegments(reader).exif
    case .png: return pngChunks(reader).exif
    case .webp:
      let chunks = riffChunks(reader, from: 12)
      guard let chunk = chunks.first(where: { reader.matches("EXIF", at: $0) }) else { return nil }
      // Some writers keep JPEG's prefix.
      return reader.matches("Exif\0\0", at: chunk + 8) ? chunk + 14 : chunk + 8
    case .tiff: return 0
    case .gif, .bmp, .svg: return nil
    }
  }

  private struct Walk {
    var isComplete = false
    var exif: Int?
  }

  /// Walks JPEG's markers; complete means that an end-of-image marker follows scan data.
  private static func jpegSegments(_ reader: ByteReader) -> Walk {
    var walk = Walk()
    var offset = 2
    var sawScan = false
    // Between segments stand fill bytes; inside a scan, data, stuffed zeros and restart markers.
    while let place = reader.first(0xFF, from: offset), let marker = reader.byte(place + 1) {
      offset = place
      if marker == 0xFF || marker == 0 || (0xD0...0xD7).contains(marker) || marker == 0x01 {
        offset += marker == 0xFF ? 1 : 2
        continue
      }
      if marker == 0xD9 {
        walk.isComplete = sawScan
        return walk
      }
      if marker == 0xDA { sawScan = true }
      if marker == 0xE1, reader.matches("Exif\0\0", at: offset + 4), walk.exif == nil { walk.exif = offset + 10 }
      guard let length = reader.number(offset + 2, bytes: 2, bigEndian: true) else { return walk }
      offset += 2 + max(length, 2)
    }
    return walk
  }

  private static func pngChunks(_ reader: ByteReader) -> Walk {
    var walk = Walk()
    var offset = 8
    while let length = reader.number(offset, bytes: 4, bigEndian: true), offset + 12 + length <= reader.count {
      if reader.matches("eXIf", at: offset + 4) { walk.exif = offset + 8 }
      if reader.matches("IEND", at: offset + 4) {
        walk.isComplete = true
        return walk
      }
      offset += 12 + length
    }
    return walk
  }

  /// Offsets of the RIFF chunks from `start` to `end`.
  private static func riffChunks(_ reader: ByteReader, from start: Int, to end: Int? = nil) -> [Int] {
    let limit = min(end ?? reader.count, reader.count)
    var offsets: [Int] = []
    var offset = start
    while offset + 8 <= limit, let length = reader.number(offset + 4, bytes: 4, bigEndian: false) {
      offsets.append(offset)
      offset += 8 + length + length % 2
    }
    return offsets
  }

  /// The first frame of an animated WebP as a still one (libavcodec decodes only those); `nil` for a still.
  static func firstStill(ofWebP bytes: [UInt8]) -> [UInt8]? {
    let reader = ByteReader(bytes)
    guard let frame = riffChunks(reader, from: 12).first(where: { reader.matches("ANMF", at: $0) }),
      let length = reader.number(frame + 4, bytes: 4, bigEndian: false), length >= 16,
      frame + 8 + length <= bytes.count
    else { return nil }
    let parts = riffChunks(reader, from: frame + 24, to: frame + 8 + length)
    let hasAlpha = parts.contains { reader.matches("ALPH", at: $0) }
    // The frame's width and height stand in both headers as 24-bit numbers, less one.
    let extended = Array("VP8X".utf8) + [10, 0, 0, 0, hasAlpha ? 0x10 : 0, 0, 0, 0] + bytes[frame + 14..<frame + 20]
    let body = Array("WEBP".utf8) + extended + bytes[frame + 24..<frame + 8 + length]
    let size = (0..<4).map { UInt8(truncatingIfNeeded: body.count >> (8 * $0)) }
    return Array("RIFF".utf8) + size + body
  }

  /// Walks a GIF up to the end of its first picture's data.
  private static func gifIsWhole(_ reader: ByteReader) -> Bool {
    func afterTable(_ offset: Int, flags: Int) -> Int { offset + (flags & 0x80 == 0 ? 0 : 3 << ((flags & 7) + 1)) }
    func afterSubBlocks(_ start: Int) -> Int? {
      var offset = start
      while let length = reader.byte(offset) {
        if length == 0 { return offset + 1 }
        offset += 1 + length
      }
      return nil
    }
    guard let flags = reader.byte(10) else { return false }
    var offset = afterTable(13, flags: flags)
    while let block = reader.byte(offset) {
      switch block {
      case 0x2C:
        guard let local = reader.byte(offset + 9) else { return false }
        return afterSubBlocks(afterTable(offset + 10, flags: local) + 1) != nil
      case 0x21:
        guard let next = afterSubBlocks(offset + 2) else { return false }
        offset = next
      case 0x3B: return false
      default: offset += 1
      }
    }
    return false
  }

  /// Compares the length with the declared size, which some writers leave at 0, and with the uncompressed rows.
  private static func bmpIsWhole(_ reader: ByteReader) -> Bool {
    guard let start = reader.number(10, bytes: 4, bigEndian: false),
      let header = reader.number(14, bytes: 4, bigEndian: false), header >= 40,
      let width = reader.number(18, bytes: 4, bigEndian: false),
      let rawHeight = reader.number(22, bytes: 4, bigEndian: false),
      let bits = reader.number(28, bytes: 2, bigEndian: false),
      let compression = reader.number(30, bytes: 4, bigEndian: false)
    else { return reader.count > 26 }
    guard compression == 0 || compression == 3, width < 1 << 24 else {
      let declared = reader.number(2, bytes: 4, bigEndian: false) ?? 0
      return declared <= reader.count
    }
    let height = Int(Int32(truncatingIfNeeded: rawHeight).magnitude)
    return start + (width * bits + 31) / 32 * 4 * height <= reader.count
  }
}
