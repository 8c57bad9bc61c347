/// Rows of texts under a header, for the terminal and for Markdown; the first column is set left, the others right.
public struct PlainTable: Sendable {
  public let header: [String]
  public var rows: [[String]] = []
  /// Columns that are set left.
  public let leftColumns: Set<Int>

  public init(_ header: [String], left: Set<Int> = [0]) {
    self.header = header
    leftColumns = left
  }

  public mutating func add(_ row: [String]) {
    precondition(row.count == header.count, "\(row.count) fields under \(header.count) headings")
    rows.append(row)
  }

  /// Columns aligned by display width.
  public var text: String {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { DisplayWidth.of($0[column]) }.max() ?? 0 }
    let lines = all.map { row in
      row.enumerated().map { column, field in
        DisplayWidth.pad(field, to: widths[column], alignRight: !leftColumns.contains(column))
      }.joined(separator: "  ")
    }
    return lines.map { String($0.reversed().drop { $0 == " " }.reversed()) }.joined(separator: "\n")
  }

  public var markdown: String {
    func line(_ row: [String]) -> String {
      "| " + row.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }
    let rule = header.indices.map { leftColumns.contains($0) ? "---" : "---:" }
    return ([line(header), line(rule)] + rows.map(line)).joined(separator: "\n") + "\n"
  }
}
