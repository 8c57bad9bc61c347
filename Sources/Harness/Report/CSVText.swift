import Basics

/// Comma-separated text as in RFC 4180: quoted fields, doubled quotes, line breaks inside quotes.
enum CSVText {
  /// - Throws: ``IeumError`` (data) for a quote that is never closed, with the line it starts in.
  static func parse(_ text: String, file: String) throws -> [[String]] {
    var rows: [[String]] = []
    var row: [String] = []
    var field = ""
    var quoted = false
    var (line, openedAt) = (1, 0)
    let scalars = Array(text.unicodeScalars)
    var index = 0
    func endRow() {
      row.append(field)
      if row != [""] { rows.append(row) }
      (row, field) = ([], "")
    }
    while index < scalars.count {
      let scalar = scalars[index]
      index += 1
      if scalar == "\n" { line += 1 }
      if quoted {
        guard scalar == "\"" else {
          field.unicodeScalars.append(scalar)
          continue
        }
        if index < scalars.count, scalars[index] == "\"" {
          field += "\""
          index += 1
        } else {
          quoted = false
        }
      } else if scalar == "\"", field.isEmpty {
        (quoted, openedAt) = (true, line)
      } else if scalar == "," {
        row.append(field)
        field = ""
      } else if scalar == "\n" {
        endRow()
      } else if scalar != "\r", scalar != "\u{FEFF}" {
        field.unicodeScalars.append(scalar)
      }
    }
    guard !quoted else {
      throw IeumError(.data, "a quote is never closed", file: file, place: "line \(openedAt)", remedy: "close it")
    }
    if !row.isEmpty || !field.isEmpty { endRow() }
    return rows
  }

  /// One line without its end.
  static func line(_ fields: [String]) -> String { fields.map(escaped).joined(separator: ",") }

  private static func escaped(_ field: String) -> String {
    let special = field.contains { $0 == "," || $0 == "\"" || $0.isNewline }
    return special ? "\"\(field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\"" : field
  }
}
