import Basics
import Foundation

/// Word vectors as text: `word value value …` a line; word2vec and fastText begin with a line `words
/// dimension`.
enum WordVectorText {
  struct Header {
    let words: Int
    let dimension: Int
    /// Where the line after it starts.
    let end: Int
  }

  private static let maximumDimension = 1 << 20

  /// The first line, if it is two integers and nothing else.
  static func header(_ file: FileBytes) -> Header? {
    let start = file.data.prefix(64)
    guard let stop = start.firstIndex(of: 10) ?? (file.count < 64 ? file.count : nil) else { return nil }
    let fields = file.data[0..<stop].split { $0 == 32 || $0 == 9 || $0 == 13 }
    guard fields.count == 2, let words = Int(String(decoding: fields[0], as: UTF8.self)), words > 0,
      let dimension = Int(String(decoding: fields[1], as: UTF8.self)),
      (1...maximumDimension).contains(dimension)
    else { return nil }
    return Header(words: words, dimension: dimension, end: min(stop + 1, file.count))
  }

  /// Whether a header is followed by a row that is not text: no numbers, but control bytes or broken UTF-8.
  static func isBinary(_ file: FileBytes) -> Bool {
    guard let header = header(file) else { return false }
    var lines = LineCursor(file)
    _ = lines.next()
    guard let line = lines.next() else { return false }
    return file.data.withUnsafeBytes { bytes in
      var row = TextRow(bytes, line)
      var values: [Float] = []
      if row.parse(dimension: header.dimension, into: &values) { return false }
      let text = UnsafeRawBufferPointer(rebasing: bytes[line])
      return text.contains { $0 < 32 && $0 != 9 && $0 != 13 }
        || String(validating: text, as: UTF8.self) == nil
    }
  }

  static func read(_ file: FileBytes) throws -> WordTable {
    let header = header(file)
    var lines = LineCursor(file)
    if header != nil { _ = lines.next() }
    let firstLine = header == nil ? 1 : 2
    guard let dimension = header?.dimension ?? firstDimension(file) else {
      throw Signature.refusal(
        file, wanted: "a file of word vectors (word2vec, GloVe, NumPy)",
        remedy: "the first line is 'words dimension', or a word and its numbers")
    }
    var words: [String] = []
    var values: [Float] = []
    if let header, let total = Extent.product(header.words, header.dimension), total <= file.count / 2 {
      words.reserveCapacity(header.words)
      values.reserveCapacity(total)
    }
    try file.data.withUnsafeBytes { bytes in
      while let line = lines.next() {
        if line.isEmpty, line.upperBound >= file.count - 2 { break }
        words.append(try word(bytes, line, dimension, &values, file, number: lines.number))
      }
    }
    if let header, header.words != words.count {
      throw file.fault(
        "says it has \(header.words) words, but has \(words.count): it is cut off or damaged",
        place: "line \(lines.number)")
    }
    return WordTable(words: words, dimension: dimension, values: values) { "line \($0 + firstLine)" }
  }

  private static func word(
    _ bytes: UnsafeRawBufferPointer, _ line: Range<Int>, _ dimension: Int, _ values: inout [Float],
    _ file: FileBytes, number: Int
  ) throws -> String {
    var row = TextRow(bytes, line)
    guard row.parse(dimension: dimension, into: &values) else {
      throw file.fault("is not a word and \(dimension) numbers", place: "line \(number)")
    }
    let slice = UnsafeRawBufferPointer(rebasing: bytes[row.word])
    guard let word = String(validating: slice, as: UTF8.self) else {
      throw file.fault(
        "holds a word that is not UTF-8", place: "line \(number)", remedy: "convert the file to UTF-8")
    }
    return word
  }

  /// Numbers after the first field of the first line; nil unless all are numbers.
  private static func firstDimension(_ file: FileBytes) -> Int? {
    var lines = LineCursor(file)
    guard let line = lines.next(), line.count < 64 * maximumDimension else { return nil }
    return file.data.withUnsafeBytes { bytes -> Int? in
      let fields = bytes[line].split { TextRow.isSpace($0) }.count
      var row = TextRow(bytes, line)
      var values: [Float] = []
      return fields > 1 && row.parse(dimension: fields - 1, into: &values) ? fields - 1 : nil
    }
  }
}

/// One line, read from its end: the numbers, then the word, which may hold spaces (GloVe 840B has such
/// words).
struct TextRow {
  private let bytes: UnsafeRawBufferPointer
  private let line: Range<Int>
  private(set) var word: Range<Int>

  init(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) {
    self.bytes = bytes
    self.line = line
    word = line
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }

  /// Appends `dimension` numbers; false (and nothing appended) when the line has another form.
  mutating func parse(dimension: Int, into values: inout [Float]) -> Bool {
    let start = values.count
    var end = line.upperBound
    for _ in 0..<dimension {
      while end > line.lowerBound, Self.isSpace(bytes[end - 1]) { end -= 1 }
      var begin = end
      while begin > line.lowerBound, !Self.isSpace(bytes[begin - 1]) { begin -= 1 }
      guard begin < end, begin > line.lowerBound, let value = Decimal.parse(bytes, begin..<end) else {
        values.removeLast(values.count - start)
        return false
      }
      values.append(value)
      end = begin
    }
    values[start...].reverse()
    while end > line.lowerBound, Self.isSpace(bytes[end - 1]) { end -= 1 }
    word = line.lowerBound..<end
    guard !word.isEmpty, !endsInNumber() else {
      values.removeLast(values.count - start)
      return false
    }
    return true
  }

  /// A word of several parts whose last one is a number: the line has more numbers than it should.
  private func endsInNumber() -> Bool {
    guard let space = bytes[word].lastIndex(where: { Self.isSpace($0) }) else { return false }
    return Decimal.parse(bytes, space + 1..<word.upperBound) != nil
  }

  /// Decimal numbers without a detour through strings.
  private enum Decimal {
    private static let powers: [Double] = (0...22).map { exponent in
      (0..<exponent).reduce(1.0) { product, _ in product * 10 }
    }

    /// Digits and powers of ten that a Double holds exactly are combined by one rounding; the rest goes the
    /// long way.
    static func parse(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Float? {
      var index = range.lowerBound
      let negative = bytes[index] == UInt8(ascii: "-")
      if negative { index += 1 }
      var mantissa: UInt64 = 0
      var digits = 0
      var scale = 0
      var hasPoint = false
      while index < range.upperBound {
        let byte = bytes[index]
        if byte == UInt8(ascii: "."), !hasPoint {
          hasPoint = true
        } else if byte >= 48, byte <= 57, digits < 15 {
          mantissa = mantissa * 10 + UInt64(byte - 48)
          digits += 1
          if hasPoint { scale += 1 }
        } else {
          return slow(bytes, range)
        }
        index += 1
      }
      guard digits > 0 else { return nil }
      let value = Double(mantissa) / powers[scale]
      return Float(negative ? -value : value)
    }

    private static func slow(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Float? {
      guard range.count <= 64 else { return nil }
      let text = String(decoding: bytes[range], as: UTF8.self)
      guard !text.utf8.contains(UInt8(ascii: "x")), !text.utf8.contains(UInt8(ascii: "X")) else { return nil }
      return Double(text).map { Float($0) }
    }
  }
}
