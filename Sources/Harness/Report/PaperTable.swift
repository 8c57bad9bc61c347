import Basics
import Foundation
import Yams

/// One published table: `paper-tables/<paper>/<table>.csv`.
public struct PaperTable: Sendable, Equatable {
  /// One published number.
  public struct Entry: Sendable, Equatable {
    public let row: String
    public let column: String
    public let metric: String
    public let value: Double
    public let unit: String
    public let method: String
    public let notes: String
  }

  public static let header = ["row", "column", "metric", "value", "unit", "method", "notes"]

  /// `<paper>/<table>`.
  public let reference: String
  public let entries: [Entry]
  public let source: PaperSource

  /// `hong2022, Table 9`.
  public var shortName: String {
    let parts = reference.split(separator: "/").map(String.init)
    let place = source.tables[parts.last ?? ""]?.source ?? parts.last ?? ""
    return "\(source.id), \(place)"
  }

  /// Reads a table and its `source.yaml`.
  /// - Parameter reference: `<paper>/<table>`.
  /// - Throws: ``IeumError`` (data) for a missing file, another header, a value that is no finite number, or a
  ///   duplicate (row, column, metric, method).
  public static func read(_ reference: String, folder: String) throws -> PaperTable {
    let path = "\(folder)/\(reference).csv"
    guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8)
    else {
      throw IeumError(
        .data, "cannot be read", file: path, remedy: "name a table as <paper>/<table> under \(folder)")
    }
    let rows = try CSVText.parse(text, file: path)
    guard rows.first == header else {
      throw IeumError(.data, "has another header", file: path, remedy: "use \(header.joined(separator: ","))")
    }
    let entries = try rows.dropFirst().enumerated().map { try entry($1, file: path, line: $0 + 2) }
    var seen = Set<[String]>()
    for (index, entry) in entries.enumerated()
    where !seen.insert([entry.row, entry.column, entry.metric, entry.method]).inserted {
      throw IeumError(
        .data, "repeats \(entry.row) / \(entry.column) / \(entry.metric)", file: path,
        place: "line \(index + 2)", remedy: "keep one of them")
    }
    let paper = (reference as NSString).deletingLastPathComponent
    return PaperTable(
      reference: reference, entries: entries, source: try PaperSource.read("\(folder)/\(paper)/source.yaml"))
  }

  private static func entry(_ fields: [String], file: String, line: Int) throws -> Entry {
    guard fields.count == header.count else {
      throw IeumError(
        .data, "has \(fields.count) fields instead of \(header.count)", file: file, place: "line \(line)")
    }
    guard let value = Double(fields[3]), value.isFinite else {
      throw IeumError(.data, "'\(fields[3])' is not a number", file: file, place: "line \(line), column value")
    }
    return Entry(
      row: fields[0], column: fields[1], metric: fields[2], value: value, unit: fields[4], method: fields[5],
      notes: fields[6])
  }

  /// References of all tables under a folder, sorted.
  public static func all(in folder: String) -> [String] {
    let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return files.filter { $0.hasSuffix(".csv") }.map { String($0.dropLast(4)) }.sorted()
  }
}

/// Where a paper's tables come from: `paper-tables/<paper>/source.yaml`.
public struct PaperSource: Codable, Sendable, Equatable {
  public struct Table: Codable, Sendable, Equatable {
    /// The table's or figure's number in the document.
    public let source: String
    public let contents: String
  }

  public let id: String
  public let citation: String
  public let year: Int
  /// Language of the document.
  public let language: String
  public let notes: String?
  public let tables: [String: Table]

  /// - Throws: ``IeumError`` (data).
  public static func read(_ path: String) throws -> PaperSource {
    guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8)
    else { throw IeumError(.data, "cannot be read", file: path, remedy: "say there where the numbers come from") }
    do {
      return try YAMLDecoder().decode(PaperSource.self, from: text)
    } catch {
      throw IeumError(.data, "is not a source description (\(error))", file: path)
    }
  }
}
