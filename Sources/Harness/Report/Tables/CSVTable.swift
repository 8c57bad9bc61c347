/// A table as CSV, one line per cell, full precision, for programs.
enum CSVTable {
  static let header = [
    "row", "column", "metric", "mean", "std", "seeds", "unit", "published", "published_row", "published_column",
    "published_same_method", "chance", "status", "reason", "cell", "ceiling", "ci95_low", "ci95_high",
    "baseline", "difference", "p", "p_holm", "significant",
  ]

  /// Of a last column that only tables with numbers of the validation split have.
  static let splitHeader = ["split"]

  static func render(_ table: ReportTable) -> String {
    var lines = [CSVText.line(header + (table.hasValidation ? splitHeader : []))]
    for (row, heading) in table.rows.enumerated() {
      for (column, other) in table.columns.enumerated() {
        lines.append(line(table, row: heading.label, column: other.label, table.cells[row][column], column))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func line(
    _ table: ReportTable, row: String, column: String, _ cell: ReportTable.Cell, _ index: Int
  ) -> String {
    let published = cell.published
    let fields = [
      row, column, table.metric.name, number(cell.value?.mean), number(cell.value?.std),
      cell.value == nil ? "" : String(cell.seeds), table.metric.unit.rawValue, number(published?.value),
      published?.row ?? "", published?.column ?? "", published.map { String($0.isSameMethod) } ?? "",
      number(table.chance[index]), cell.status.rawValue, cell.value == nil ? cell.reason ?? "" : "", cell.id ?? "",
      number(table.ceiling[index]),
    ]
    return CSVText.line(fields + evidence(cell) + (table.hasValidation ? split(cell) : []))
  }

  /// Interval, baseline, difference, p, adjusted p and verdict; empty fields where there are none.
  static func evidence(_ cell: ReportTable.Cell?) -> [String] {
    let test = cell?.comparison
    let interval = cell?.value == nil ? nil : cell?.interval.flatMap { $0.count == 2 ? $0 : nil }
    return [
      number(interval?[0]), number(interval?[1]), test?.baseline ?? "", number(test?.difference), number(test?.p),
      number(test?.pHolm), test?.pHolm == nil ? "" : String(test?.isSignificant == true),
    ]
  }

  /// What a number was measured on; empty without one.
  static func split(_ cell: ReportTable.Cell?) -> [String] {
    [cell?.value == nil ? "" : cell?.isValidation == true ? "validation" : "test"]
  }

  private static func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
}
