import Basics
import CZlib
import Foundation

/// Pictures as PNG files in memory: 8-bit RGB, unfiltered, for small pictures that ieum unpacks itself.
public enum PNGWriter {
  /// - Throws: ``IeumError`` (system) when zlib refuses.
  public static func encode(_ image: RGBImage) throws -> Data {
    var rows: [UInt8] = []
    rows.reserveCapacity(image.height * (1 + 3 * image.width))
    for row in 0..<image.height {
      rows.append(0)
      rows += image.pixels[(3 * image.width * row)..<(3 * image.width * (row + 1))]
    }
    var size = compressBound(uLong(rows.count))
    var packed = [UInt8](repeating: 0, count: Int(size))
    guard compress2(&packed, &size, rows, uLong(rows.count), Z_DEFAULT_COMPRESSION) == Z_OK else {
      throw IeumError(.system, "a picture of \(image.width)×\(image.height) cannot be written as PNG")
    }
    // 8 bits, RGB, the one compression and filter method, not interlaced.
    let header = bigEndian(image.width) + bigEndian(image.height) + [8, 2, 0, 0, 0]
    let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    return Data(
      signature + chunk("IHDR", header) + chunk("IDAT", Array(packed[..<Int(size)])) + chunk("IEND", []))
  }

  private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + content
    return bigEndian(content.count) + body + bigEndian(Int(crc32(0, body, uInt(body.count))))
  }

  private static func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8((value >> $0) & 0xFF) }
  }
}
