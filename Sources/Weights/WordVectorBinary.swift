import Basics
import Foundation

/// word2vec's binary form: a line `words dimension`, then per word its text, a space and the float32 values.
/// - Source: Mikolov et al. 2013, the `word2vec.c` program; a line feed after the values is optional.
enum WordVectorBinary {
  private static let maximumWord = 4096

  static func read(_ file: FileBytes) throws -> WordTable {
    guard let header = WordVectorText.header(file) else {
      throw file.fault("has no header line", place: "line 1")
    }
    let size = header.dimension * 4
    guard let needed = Extent.product(header.words, size + 2), needed <= file.count - header.end else {
      throw file.fault(
        "says it has \(header.words) words of \(header.dimension) values, more than its \(file.count) bytes can hold",
        place: "line 1", remedy: "the file is cut off: get it again")
    }
    var words: [String] = []
    words.reserveCapacity(header.words)
    let values = try [Float](unsafeUninitializedCapacity: header.words * header.dimension) {
      buffer, written in
      try file.data.withUnsafeBytes { bytes in
        let target = UnsafeMutableRawBufferPointer(buffer)
        var position = header.end
        for row in 0..<header.words {
          let (word, start) = try self.word(bytes, from: position, row: row, file)
          guard size <= bytes.count - start else {
            throw cutOff(file, row: row, of: header.words, word: word)
          }
          UnsafeMutableRawBufferPointer(rebasing: target[row * size..<(row + 1) * size])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + size]))
          words.append(word)
          position = start + size
        }
        try checkEnd(bytes, from: position, file)
      }
      written = header.words * header.dimension
    }
    return WordTable(words: words, dimension: header.dimension, values: values) { "word \($0 + 1)" }
  }

  /// The word that starts at `position` and where its values start.
  private static func word(
    _ bytes: UnsafeRawBufferPointer, from position: Int, row: Int, _ file: FileBytes
  ) throws -> (String, Int) {
    var start = position
    while start < bytes.count, bytes[start] == 10 { start += 1 }
    var end = start
    while end < bytes.count, bytes[end] != 32, end - start <= maximumWord { end += 1 }
    guard end < bytes.count else { throw file.cutOff(at: bytes.count, place: "word \(row + 1)") }
    let slice = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    guard end - start <= maximumWord, let word = String(validating: slice, as: UTF8.self), !word.isEmpty
    else {
      throw file.fault(
        "is no word in UTF-8", place: "word \(row + 1), byte \(start)",
        remedy: "check that the file is word2vec's binary form; convert other encodings to UTF-8")
    }
    return (word, end + 1)
  }

  private static func cutOff(_ file: FileBytes, row: Int, of words: Int, word: String) -> IeumError {
    file.fault(
      "is cut off in the vector of '\(word)'", place: "word \(row + 1) of \(words), byte \(file.count)")
  }

  private static func checkEnd(_ bytes: UnsafeRawBufferPointer, from position: Int, _ file: FileBytes) throws
  {
    guard bytes[position...].allSatisfy({ $0 == 10 }) else {
      throw file.fault("has \(bytes.count - position) bytes after the last vector", place: "byte \(position)")
    }
  }
}
