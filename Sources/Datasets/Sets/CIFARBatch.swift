import Basics
import Foundation

/// One file of CIFAR's binary release: records of a label byte and 1,024 red, 1,024 green and 1,024 blue
/// bytes in rows.
struct CIFARBatch {
  static let side = 32
  static let records = 10_000
  private static let plane = side * side
  private static let recordSize = 1 + 3 * plane

  let path: String
  private let bytes: Data

  /// - Parameter anyCount: take a file of fewer records than the published 10,000.
  /// - Throws: ``IeumError`` (data) naming file and record, counted from 0.
  init(_ path: String, anyCount: Bool) throws {
    guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) else {
      throw IeumError(.data, "cannot be read", file: path, remedy: "put the file of the binary release there")
    }
    self.path = path
    self.bytes = bytes
    let remedy = "put the file of the binary release there, unpacked and whole"
    guard bytes.count % Self.recordSize == 0 else {
      throw IeumError(
        .data, "ends after \(bytes.count % Self.recordSize) of the record's \(Self.recordSize) bytes",
        file: path,
        place: "record \(count)", remedy: remedy)
    }
    guard count == Self.records || (anyCount && 0 < count && count < Self.records) else {
      throw IeumError(
        .data, "holds \(count) records, the published file \(Self.records)", file: path,
        place: "record \(count)",
        remedy: remedy + "; the option acceptOtherData=true takes fewer")
    }
    if let bad = (0..<count).first(where: { label($0) > 9 }) {
      throw IeumError(
        .data, "has the label \(label(bad)), and there are ten classes from 0", file: path,
        place: "record \(bad)",
        remedy: remedy)
    }
  }

  var count: Int { bytes.count / Self.recordSize }

  func label(_ record: Int) -> Int { Int(bytes[bytes.startIndex + record * Self.recordSize]) }

  func picture(_ record: Int) -> RGBImage {
    let start = bytes.startIndex + record * Self.recordSize + 1
    let planes = [UInt8](bytes[start..<(start + 3 * Self.plane)])
    var pixels = [UInt8](repeating: 0, count: 3 * Self.plane)
    for colour in 0..<3 {
      for pixel in 0..<Self.plane { pixels[3 * pixel + colour] = planes[colour * Self.plane + pixel] }
    }
    return RGBImage(width: Self.side, height: Self.side, pixels: pixels)
  }
}
