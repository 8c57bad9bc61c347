import Basics
import Foundation

/// The lines of a UTF-8 text file, numbered from 1.
enum TextLines {
  /// - Throws: ``IeumError`` (data) when the file cannot be read or is not UTF-8.
  static func read(_ path: String) throws -> [(number: Int, text: String)] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw IeumError(.data, "cannot be read", file: path, remedy: "put the file there, readable")
    }
    let lines = try StrictText.bytes(data, path).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    return lines.enumerated().map { index, line in
      (index + 1, String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self))
    }
  }
}
