import Basics
import Foundation

/// Word vectors read whole: words in file order (usually by frequency) and one row of values each.
public struct WordVectors: Sendable {
  public let words: [String]
  /// Values per word.
  public let dimension: Int
  /// `[words.count, dimension]`, row-major, all finite.
  public let values: [Float]
  /// SHA-256 of the file; with a vocabulary file, of both digests joined by a line feed.
  public let digest: String
  private let rows: [String: Int]

  public var count: Int { words.count }

  /// The vector of a word, or nil. Words compare by canonical equivalence: composed and decomposed Hangul are
  /// one.
  public subscript(word: String) -> ArraySlice<Float>? { rows[word].map { self[row: $0] } }

  /// The vector in row `row`, from 0.
  public subscript(row row: Int) -> ArraySlice<Float> { values[row * dimension..<(row + 1) * dimension] }

  /// The row of a word, from 0, or nil.
  public func row(of word: String) -> Int? { rows[word] }

  /// Reads word2vec (binary or text), GloVe or fastText text, or a NumPy array with a vocabulary file.
  /// The format is told by the content.
  /// - Parameter vocabulary: for `.npy` only: one word a line, as many lines as the array has rows.
  /// - Throws: ``IeumError`` (data) naming file and word, line or byte, for files that are missing, cut off,
  ///   damaged, hold a word twice, or a vector that is not finite.
  public static func read(_ path: String, vocabulary: String? = nil) throws -> WordVectors {
    let file = try FileBytes(path: path)
    if file.starts(with: Signature.numpy) {
      guard let vocabulary else {
        throw file.fault(
          "is a NumPy array and names no words", remedy: "give the vocabulary file as well: one word a line")
      }
      return try readNumpy(file, vocabulary: try FileBytes(path: vocabulary))
    }
    guard vocabulary == nil else {
      throw file.fault(
        "is not a NumPy array, so it takes no vocabulary file", remedy: "leave the vocabulary out")
    }
    try refuseOtherFormats(file)
    let table = try WordVectorText.isBinary(file) ? WordVectorBinary.read(file) : WordVectorText.read(file)
    return try WordVectors(table, file, digest: file.digest, place: table.place)
  }

  private static func refuseOtherFormats(_ file: FileBytes) throws {
    let foreign = [Signature.pickle, Signature.zip, [0x1f, 0x8b]].contains { file.starts(with: $0) }
    if foreign || file.count == 0 || Signature.hasHDF5(file) {
      throw Signature.refusal(
        file, wanted: "a file of word vectors (word2vec, GloVe, NumPy)",
        remedy: "write them with gensim's save_word2vec_format, or unpack the file")
    }
  }

  private static func readNumpy(_ file: FileBytes, vocabulary: FileBytes) throws -> WordVectors {
    let array = try NumpyArray.read(file)
    guard array.shape.count == 2, array.shape[1] > 0 else {
      throw file.fault(
        "has shape \(array.shape), not [words, dimension]", remedy: "save a two-dimensional array")
    }
    let words = try VocabularyLines.read(vocabulary)
    guard words.count == array.shape[0] else {
      throw vocabulary.fault(
        "has \(words.count) words, but \(file.path) has \(array.shape[0]) rows",
        remedy: "give the matching vocabulary")
    }
    let table = WordTable(words: words, dimension: array.shape[1], values: array.values) { "line \($0 + 1)" }
    let digest = Digest.of(file.digest + "\n" + vocabulary.digest)
    return try WordVectors(table, vocabulary, digest: digest, place: table.place)
  }

  private init(_ table: WordTable, _ file: FileBytes, digest: String, place: (Int) -> String) throws {
    words = table.words
    dimension = table.dimension
    values = table.values
    self.digest = digest
    if let bad = FiniteCheck.firstNonFinite(table.values) {
      let row = bad / table.dimension
      throw file.fault(
        "the vector of '\(table.words[row])' holds \(table.values[bad])", place: place(row),
        remedy: "take the word out or train the vectors again")
    }
    rows = try Self.index(table.words, file, place)
  }

  /// The row of each word. Two spellings that are canonically equivalent share the first one's row; the same
  /// bytes twice are an error, as nothing tells which vector is meant.
  private static func index(_ words: [String], _ file: FileBytes, _ place: (Int) -> String) throws -> [String:
    Int]
  {
    var rows = [String: Int](minimumCapacity: words.count)
    for (row, word) in words.enumerated() {
      guard let first = rows[word] else {
        rows[word] = row
        continue
      }
      guard !words[first].utf8.elementsEqual(word.utf8) else {
        throw file.fault(
          "the word '\(word)' appears again (first at \(place(first)))", place: place(row),
          remedy: "take one of the two out")
      }
    }
    return rows
  }
}

/// What a reader of word vectors hands over; `place` says where in its file a row lies.
struct WordTable {
  let words: [String]
  let dimension: Int
  let values: [Float]
  let place: (Int) -> String
}

enum FiniteCheck {
  /// Index of the first NaN or infinity.
  static func firstNonFinite(_ values: [Float]) -> Int? {
    values.withUnsafeBufferPointer { buffer in
      buffer.firstIndex { $0.bitPattern & 0x7f80_0000 == 0x7f80_0000 }
    }
  }
}

/// A vocabulary file: one word a line.
enum VocabularyLines {
  static func read(_ file: FileBytes) throws -> [String] {
    var words: [String] = []
    var cursor = LineCursor(file)
    var seen: [[UInt8]: Int] = [:]
    while let line = cursor.next() {
      let place = "line \(cursor.number)"
      guard let word = String(validating: file.data[line], as: UTF8.self) else {
        throw file.fault("is not UTF-8", place: place, remedy: "convert the file to UTF-8")
      }
      guard !word.isEmpty else { throw file.fault("is empty", place: place, remedy: "one word a line") }
      if let first = seen.updateValue(cursor.number, forKey: Array(word.utf8)) {
        throw file.fault(
          "the word '\(word)' appears again (first on line \(first))", place: place,
          remedy: "take one of the two out")
      }
      words.append(word)
    }
    return words
  }
}

/// Lines of a file as byte ranges, without their `\n` or `\r\n`; a last line needs no line feed.
struct LineCursor {
  private let file: FileBytes
  private var position = 0
  /// Number of the line last returned, from 1.
  private(set) var number = 0

  init(_ file: FileBytes) { self.file = file }

  mutating func next() -> Range<Int>? {
    guard position < file.count else { return nil }
    let start = position
    let stop = file.data.withUnsafeBytes { bytes -> Int in
      guard let base = bytes.baseAddress, let found = memchr(base + start, 10, bytes.count - start) else {
        return bytes.count
      }
      return found - UnsafeMutableRawPointer(mutating: base)
    }
    position = min(stop + 1, file.count)
    number += 1
    let end = stop > start && file.data[stop - 1] == 13 ? stop - 1 : stop
    return start..<end
  }
}
