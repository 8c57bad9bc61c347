import Basics
import Foundation

/// One line of a manifest: keys with a text or a list of texts.
struct ManifestRecord {
  let line: Int
  let values: [String: [String]]

  var keys: [String] { values.keys.sorted() }

  /// The value of a key, trimmed and in NFC; empty when it is missing.
  func text(_ key: String) -> String { values[key]?.first ?? "" }

  /// The values of a list key.
  func list(_ key: String) -> [String] { (values[key] ?? []).filter { !$0.isEmpty } }

  static let names = [
    "id", "text", "images", "label", "related", "split", "audio", "video", "start", "end", "title",
  ]
  private static let lists: Set<String> = ["images", "related"]

  /// Texts may be lists in JSON: several captions of one item.
  private static func isText(_ key: String) -> Bool { key == "text" || key.hasPrefix("text_") }

  /// Reads a table; `.jsonl` and `.ndjson` hold an object a line, everything else is CSV.
  /// - Throws: ``IeumError`` (data) naming file and line.
  static func read(_ path: String) throws -> [ManifestRecord] {
    let suffix = FileName.suffix(path)
    let records = ["jsonl", "ndjson"].contains(suffix) ? try readJSON(path) : try readCSV(path)
    for record in records {
      for key in record.keys where !names.contains(key) && !key.hasPrefix("text_") {
        let near = Suggestion.nearest(to: key, in: names)
        throw IeumError(
          .data, "unknown column '\(key)'", file: path, place: "line \(record.line)",
          remedy: near.map { "did you mean '\($0)'?" } ?? "known: \(names.joined(separator: ", ")), text_LANG"
        )
      }
    }
    return records
  }

  private static func readCSV(_ path: String) throws -> [ManifestRecord] {
    let table = try CSVTable.read(path)
    _ = try table.column("id")
    return table.rows.map { row in
      var values: [String: [String]] = [:]
      for (key, field) in zip(table.header, row.fields) {
        let parts = lists.contains(key) ? field.components(separatedBy: ";") : [field]
        values[key] = parts.map(KeyedTable.normal)
      }
      return ManifestRecord(line: row.line, values: values)
    }
  }

  private static func readJSON(_ path: String) throws -> [ManifestRecord] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw IeumError(.data, "cannot be read", file: path, remedy: "put the file there, readable")
    }
    let lines = try StrictText.bytes(data, path).split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    var records: [ManifestRecord] = []
    for (index, line) in lines.enumerated() where line.contains(where: { $0 > 32 }) {
      func error(_ problem: String) -> IeumError {
        IeumError(
          .data, problem, file: path, place: "line \(index + 1)",
          remedy: "write one object a line: {\"id\": …, \"text\": …, \"images\": [\"…\"]}")
      }
      guard let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any] else {
        throw error("is not a JSON object")
      }
      var values: [String: [String]] = [:]
      for (key, value) in object {
        guard let texts = texts(of: value) else {
          throw error("'\(key)' is neither a text nor a list of texts")
        }
        guard texts.count <= 1 || lists.contains(key) || isText(key) else { throw error("'\(key)' must be one text") }
        values[key] = texts.map(KeyedTable.normal)
      }
      records.append(ManifestRecord(line: index + 1, values: values))
    }
    return records
  }

  private static func texts(of value: Any) -> [String]? {
    switch value {
    case is NSNull: []
    case let text as String: [text]
    case let list as [Any]: list.allSatisfy { $0 is String } ? list.compactMap { $0 as? String } : nil
    // A number may serve as an id.
    case let number as NSNumber: [number.stringValue]
    default: nil
    }
  }
}
