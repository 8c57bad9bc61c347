import Basics
import Foundation

/// A CSV file as RFC 4180 has it: a header, quoted fields (with commas, quotes and line breaks inside), LF or
/// CRLF. Strict UTF-8, with or without a byte-order mark. Blank lines are skipped.
public struct CSVTable: Sendable {
  public struct Row: Sendable {
    /// Line in the file on which the row begins, from 1.
    public let line: Int
    public let fields: [String]
  }

  public let path: String
  public let header: [String]
  public let rows: [Row]

  /// - Throws: ``IeumError`` (data) naming file and line: invalid UTF-8, a quote that never closes or stands
  ///   inside an unquoted field, a row with too few or too many fields, a column that comes twice, an empty
  ///   file.
  public static func read(_ path: String, header: [String]? = nil) throws -> CSVTable {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw IeumError(.data, "cannot be read", file: path, remedy: "put the file there, readable")
    }
    return try CSVTable(data, path: path, header: header)
  }

  /// Parses the bytes of a file; `path` is for messages.
  /// - Parameter header: the columns of a file that has no line of names.
  public init(_ data: Data, path: String, header names: [String]? = nil) throws {
    self.path = path
    let bytes = try StrictText.bytes(data, path)
    var parser = CSVParser(bytes: bytes, path: path)
    var rows = try parser.rows()
    guard !rows.isEmpty else {
      throw IeumError(.data, "is empty", file: path, remedy: names == nil ? "begin it with a line of column names" : "put the whole file there")
    }
    let first = names.map { Row(line: 0, fields: $0) } ?? rows.removeFirst()
    header = first.fields.map { $0.trimmingCharacters(in: .whitespaces) }
    self.rows = rows
    var seen: Set<String> = []
    if let twice = header.first(where: { !seen.insert($0).inserted }) {
      throw IeumError(
        .data, "the column '\(twice)' comes twice", file: path, place: "line \(first.line)",
        remedy: "rename one")
    }
    if let bad = rows.first(where: { $0.fields.count != first.fields.count }) {
      throw IeumError(
        .data, "has \(bad.fields.count) fields, \(names == nil ? "the header " : "not ")\(first.fields.count)",
        file: path, place: "line \(bad.line)", remedy: "quote fields that contain commas: \"a, b\"")
    }
  }

  /// An error (data) at a row.
  func error(_ problem: String, _ row: Row) -> IeumError {
    IeumError(.data, problem, file: path, place: "line \(row.line)", remedy: "mend the line, or put the whole file there")
  }

  /// The position of a column.
  /// - Throws: ``IeumError`` (data) when there is none of this name.
  public func column(_ name: String) throws -> Int {
    guard let column = header.firstIndex(of: name) else {
      throw IeumError(
        .data, "the column '\(name)' is missing", file: path, place: "line 1",
        remedy: "the columns are: \(header.joined(separator: ", "))")
    }
    return column
  }
}

/// Bytes that are known to be UTF-8.
enum StrictText {
  /// Checks the encoding and drops a byte-order mark.
  /// - Throws: ``IeumError`` (data) with the line of the first invalid byte.
  static func bytes(_ data: Data, _ path: String) throws -> [UInt8] {
    let bytes = [UInt8](data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data)
    guard String(validating: bytes, as: UTF8.self) == nil else { return bytes }
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let bad = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
    throw IeumError(
      .data, "is not valid UTF-8", file: path, place: "line \(bad + 1)", remedy: "save the file as UTF-8")
  }
}

private struct CSVParser {
  let bytes: [UInt8]
  let path: String
  private var position = 0
  private var line = 1

  private static let quote = UInt8(ascii: "\"")
  private static let comma = UInt8(ascii: ",")
  private static let newline = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  init(bytes: [UInt8], path: String) {
    self.bytes = bytes
    self.path = path
  }

  mutating func rows() throws -> [CSVTable.Row] {
    var rows: [CSVTable.Row] = []
    while position < bytes.count {
      let start = line
      let from = position
      let fields = try row()
      let blank = fields == [""] && bytes[from] != CSVParser.quote
      if !blank { rows.append(CSVTable.Row(line: start, fields: fields)) }
    }
    return rows
  }

  private mutating func row() throws -> [String] {
    var fields: [String] = []
    while true {
      fields.append(try peek() == CSVParser.quote ? quoted() : plain())
      if peek() == CSVParser.comma {
        position += 1
        continue
      }
      if peek() == CSVParser.carriageReturn { position += 1 }
      if peek() == CSVParser.newline {
        position += 1
        line += 1
      }
      return fields
    }
  }

  private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

  private var atEndOfLine: Bool {
    guard let byte = peek() else { return true }
    if byte == CSVParser.newline { return true }
    let next = position + 1 < bytes.count ? bytes[position + 1] : CSVParser.newline
    return byte == CSVParser.carriageReturn && next == CSVParser.newline
  }

  private mutating func plain() throws -> String {
    let start = position
    while !atEndOfLine, bytes[position] != CSVParser.comma {
      if bytes[position] == CSVParser.quote { throw error("a quote stands inside an unquoted field", line) }
      position += 1
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func quoted() throws -> String {
    let start = line
    var text: [UInt8] = []
    position += 1
    while let byte = peek() {
      position += 1
      if byte == CSVParser.quote {
        guard peek() == CSVParser.quote else { return try closed(text) }
        position += 1
      }
      if byte == CSVParser.newline { line += 1 }
      text.append(byte)
    }
    throw error("a quoted field never closes", start)
  }

  private func closed(_ text: [UInt8]) throws -> String {
    guard atEndOfLine || peek() == CSVParser.comma else { throw error("text follows a closing quote", line) }
    return String(decoding: text, as: UTF8.self)
  }

  private func error(_ problem: String, _ line: Int) -> IeumError {
    IeumError(
      .data, problem, file: path, place: "line \(line)",
      remedy: "write the field as \"…\" with quotes inside doubled")
  }
}
