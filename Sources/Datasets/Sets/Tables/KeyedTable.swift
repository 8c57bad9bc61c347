import Basics
import Foundation

/// A CSV table whose rows are found by an id column, with the checks that every dataset needs.
struct KeyedTable {
  struct Cell {
    let id: String
    let value: String
    let line: Int
  }

  let path: String
  /// The column of the ids.
  var key = "id"

  /// The ids alone, in file order, with their lines; nothing is checked but that none is empty.
  func keys() throws -> [(id: String, line: Int)] { try pairs(key).map { ($0.id, $0.line) } }

  /// Two columns, `id` and another, one row per id.
  /// - Throws: ``IeumError`` (data) naming file and line for an empty or a repeated id, and all that
  ///   ``CSVTable/read(_:)`` refuses.
  func unique(_ column: String) throws -> [Cell] {
    let cells = try pairs(column)
    var lines: [String: Int] = [:]
    for cell in cells {
      if let earlier = lines.updateValue(cell.line, forKey: cell.id) {
        throw error(
          "the id '\(cell.id)' stands on line \(earlier) already", cell.line,
          "give every item an id of its own")
      }
    }
    return cells
  }

  /// Two columns, `id` and another, any number of rows per id.
  func pairs(_ column: String) throws -> [Cell] {
    let table = try CSVTable.read(path)
    let (id, value) = (try table.column(key), try table.column(column))
    return try table.rows.map { row in
      let key = KeyedTable.normal(row.fields[id])
      guard !key.isEmpty else { throw error("the id is empty", row.line, "fill it in or remove the line") }
      return Cell(id: key, value: KeyedTable.normal(row.fields[value]), line: row.line)
    }
  }

  /// Refuses ids that `known` lacks.
  func refuseUnknown(_ cells: [Cell], known: Set<String>, in other: String) throws {
    guard let cell = cells.first(where: { !known.contains($0.id) }) else { return }
    throw error("the id '\(cell.id)' is not in \(other)", cell.line, "add it there or remove the line")
  }

  func error(_ problem: String, _ line: Int, _ remedy: String) -> IeumError {
    IeumError(.data, problem, file: path, place: "line \(line)", remedy: remedy)
  }

  /// Without white space around it, in Unicode NFC.
  static func normal(_ text: String) -> String {
    text.trimmingCharacters(in: .whitespacesAndNewlines).precomposedStringWithCanonicalMapping
  }
}
