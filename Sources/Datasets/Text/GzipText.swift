import Basics
import CZlib
import Foundation

/// Reads files that may be gzipped.
enum GzipText {
  /// The bytes of a file, unpacked where it is gzip.
  /// - Parameter limit: more unpacked bytes than this are refused: a few bytes of gzip can ask for any amount of memory.
  /// - Throws: ``IeumError`` (data) when the file is missing, damaged or larger.
  static func read(_ path: String, limit: Int = 64 << 20) throws -> [UInt8] {
    guard FileManager.default.isReadableFile(atPath: path), let file = gzopen(path, "rb") else {
      throw IeumError(.data, "cannot be read", file: path, remedy: "check that the file exists and is readable")
    }
    defer { gzclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = gzread(file, &piece, UInt32(piece.count))
      guard count >= 0 else { throw IeumError(.data, "is damaged gzip", file: path, remedy: "fetch it again") }
      bytes += piece[..<Int(count)]
      guard bytes.count <= limit else {
        throw IeumError(.data, "unpacks to more than \(limit >> 20) MiB", file: path, remedy: "give a vocabulary")
      }
      guard count == piece.count else { break }
    }
    // A cut-off file ends without an error from gzread.
    var status: Int32 = 0
    _ = gzerror(file, &status)
    guard status == 0 else { throw IeumError(.data, "is cut off", file: path, remedy: "fetch it again") }
    return bytes
  }
}
