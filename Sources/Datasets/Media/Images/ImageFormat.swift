import CLibAV

/// A still-image format, told by the first bytes of a file and never by its name.
enum ImageFormat: String, Sendable {
  case png = "PNG"
  case jpeg = "JPEG"
  case webp = "WebP"
  case gif = "GIF"
  case bmp = "BMP"
  case tiff = "TIFF"
  case svg = "SVG"

  init?(_ bytes: [UInt8]) {
    func starts(_ prefix: [UInt8], at offset: Int = 0) -> Bool {
      bytes.count >= offset + prefix.count && bytes[offset..<offset + prefix.count].elementsEqual(prefix)
    }
    if starts([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if starts([0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if starts(Array("RIFF".utf8)), starts(Array("WEBP".utf8), at: 8) {
      self = .webp
    } else if starts(Array("GIF87a".utf8)) || starts(Array("GIF89a".utf8)) {
      self = .gif
    } else if starts([0x49, 0x49, 0x2A, 0]) || starts([0x4D, 0x4D, 0, 0x2A]) {
      self = .tiff
    } else if starts(Array("BM".utf8)), bytes.count >= 26, ImageFormat.isBitmapHeader(bytes) {
      self = .bmp
    } else if starts([0x1F, 0x8B]) || ImageFormat.looksLikeSVG(bytes) {
      // Nothing else that is gzipped is a picture here: librsvg refuses what is not SVG inside.
      self = .svg
    } else {
      return nil
    }
  }

  /// "BM" alone also begins ordinary text, so the size of the second header has to be one that exists.
  private static func isBitmapHeader(_ bytes: [UInt8]) -> Bool {
    [12, 16, 40, 52, 56, 64, 108, 124].contains(Int(bytes[14])) && bytes[15] == 0 && bytes[16] == 0 && bytes[17] == 0
  }

  /// A `<svg` (with or without a namespace prefix) near the start of something that opens like XML.
  private static func looksLikeSVG(_ bytes: [UInt8]) -> Bool {
    var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    while start < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[start]) { start += 1 }
    let isUTF16 = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
    guard isUTF16 || (start < bytes.count && bytes[start] == 0x3C) else { return false }
    let head = bytes[..<min(bytes.count, 1 << 16)].filter { $0 != 0 }
    return contains(head, Array("<svg".utf8)) || contains(head, Array(":svg".utf8))
  }

  private static func contains(_ bytes: [UInt8], _ word: [UInt8]) -> Bool {
    guard bytes.count >= word.count else { return false }
    return (0...bytes.count - word.count).contains { start in
      bytes[start] == word[0] && bytes[start..<start + word.count].elementsEqual(word)
    }
  }

  /// The number by which the shim knows the format; `nil` where another library draws it.
  var shimCode: Int32? {
    switch self {
    case .png: Int32(CLIBAV_PNG)
    case .jpeg: Int32(CLIBAV_JPEG)
    case .webp: Int32(CLIBAV_WEBP)
    case .gif: Int32(CLIBAV_GIF)
    case .bmp: Int32(CLIBAV_BMP)
    case .tiff: Int32(CLIBAV_TIFF)
    case .svg: nil
    }
  }
}
