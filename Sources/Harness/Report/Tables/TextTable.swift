/// An aligned table for the terminal.
enum TextTable {
  /// Best values carry a `*`; published values stand in columns headed `published`.
  static func render(_ table: ReportTable) -> String {
    let grid = TableGrid(table, style: .text)
    let widths = grid.header.indices.map { column in
      ([grid.header] + grid.body + grid.intervals).map { DisplayWidth.of($0[column]) }.max() ?? 0
    }
    func line(_ fields: [String]) -> String {
      let padded = fields.enumerated().map {
        DisplayWidth.pad($1, to: widths[$0], alignRight: $0 > 0)
      }
      return "  " + padded.joined(separator: "   ")
    }
    let rule = "  " + widths.map { String(repeating: "─", count: $0) }.joined(separator: "───")
    var lines = ["\(table.title) — \(table.metric.label)", rule, line(grid.header), rule]
    for (row, fields) in grid.body.enumerated() {
      lines.append(line(fields))
      if row < grid.intervals.count, grid.intervals[row].contains(where: { !$0.isEmpty }) {
        lines.append(line(grid.intervals[row]))
      }
    }
    lines.append(rule)
    lines += table.footnotes.map { note in
      "  " + (note.marker.map { "[\($0)] " } ?? "") + note.text.replacing("Bold:", with: "*")
    }
    return lines.map(trimmedEnd).joined(separator: "\n") + "\n"
  }

  private static func trimmedEnd(_ line: String) -> String {
    var line = line[...]
    while line.last == " " { line.removeLast() }
    return String(line)
  }
}

/// The table's texts, laid out once for all flat formats: name, then value (and published value) per column.
struct TableGrid {
  /// How one format writes the parts of a cell.
  struct Style {
    let text: (String) -> String
    let bold: (String) -> String
    let marker: (String) -> String
    let published: (String) -> String
    /// The interval as a part of the value's own field; nil where it gets a line of its own.
    var interval: ((String) -> String)?

    static var text: Style {
      Style(text: { $0 }, bold: { "*" + $0 }, marker: { " [\($0)]" }, published: { $0 })
    }
  }

  let header: [String]
  let body: [[String]]
  /// The intervals below each row of the body; empty fields where there are none.
  let intervals: [[String]]
  /// How many rows at the end of the body are bounds (chance, ceiling).
  let boundCount: Int
  /// Per field of the header: true for a column of published values.
  let isPublished: [Bool]

  init(_ table: ReportTable, style: Style) {
    var header = [""]
    var isPublished = [false]
    for (index, column) in table.columns.enumerated() {
      header.append(style.text(column.title))
      isPublished.append(false)
      if table.hasPublished(index) {
        header.append(style.published("published"))
        isPublished.append(true)
      }
    }
    func fields(_ name: String, _ each: (Int) -> (value: String, published: String)) -> [String] {
      table.columns.indices.reduce(into: [name]) { fields, column in
        let pair = each(column)
        fields.append(pair.value)
        if table.hasPublished(column) { fields.append(pair.published) }
      }
    }
    func marks(_ markers: [String]) -> String {
      markers.isEmpty ? "" : style.marker(markers.joined(separator: ","))
    }
    body = table.rows.indices.map { row in
      let heading = table.rows[row]
      return fields(style.text(heading.title) + marks(heading.markers)) { column in
        let cell = table.cells[row][column]
        let value = style.text(table.text(cell))
        let published = table.publishedText(cell)
        let interval = table.intervalText(cell)
        let below = interval.isEmpty ? "" : style.interval.map { $0(style.text(interval)) } ?? ""
        return (
          (cell.isBest ? style.bold(value) : value) + marks(cell.markers) + below,
          published.isEmpty ? "" : style.published(published)
        )
      }
    } + table.bounds.map { bound in fields(bound.name) { (bound.texts[$0], "") } }
    boundCount = table.bounds.count
    intervals = table.rows.indices.map { row in fields("") { (table.intervalText(table.cells[row][$0]), "") } }
    self.header = header
    self.isPublished = isPublished
  }
}
