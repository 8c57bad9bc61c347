/// A table as LaTeX with the `booktabs` package; Korean text needs `kotex` or XeLaTeX.
enum LatexTable {
  static func render(_ table: ReportTable) -> String {
    let style = TableGrid.Style(
      text: escape, bold: { "\\textbf{\($0)}" }, marker: marker,
      published: { "\\textit{\($0.replacing("≈", with: "$\\approx$"))}" })
    let grid = TableGrid(table, style: style)
    func line(_ fields: [String]) -> String { "  " + fields.joined(separator: " & ") + " \\\\" }
    var lines = [
      "% requires \\usepackage{booktabs,amssymb}", "\\begin{table}[t]", "\\centering",
      "\\caption{\(escape(table.title)), \(escape(table.metric.label))}", "\\label{tab:\(table.name)}",
      "\\begin{tabular}{l\(String(repeating: "r", count: grid.header.count - 1))}", "  \\toprule",
      line(grid.header), "  \\midrule",
    ]
    for (index, row) in grid.body.enumerated() {
      if grid.boundCount > 0, index == grid.body.count - grid.boundCount { lines.append("  \\midrule") }
      lines.append(line(row))
      if index < grid.intervals.count, grid.intervals[index].contains(where: { !$0.isEmpty }) {
        lines.append(line(grid.intervals[index].map { $0.isEmpty ? "" : "{\\scriptsize \($0)}" }))
      }
    }
    lines += ["  \\bottomrule", "\\end{tabular}", "\\par\\smallskip\\footnotesize\\raggedright"]
    lines += table.footnotes.map { note in
      (note.marker.map { marker($0) + "~" } ?? "") + escape(note.text) + "\\par"
    }
    lines.append("\\end{table}")
    return lines.joined(separator: "\n") + "\n"
  }

  /// Footnote letters and the dagger, raised.
  static func marker(_ text: String) -> String { "\\textsuperscript{\(text.replacing("†", with: "$\\dagger$"))}" }

  /// Characters that LaTeX would read as commands.
  static func escape(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&", "%", "$", "#", "_", "{", "}": result += "\\\(character)"
      case "\\": result += "\\textbackslash{}"
      case "~": result += "\\textasciitilde{}"
      case "^": result += "\\textasciicircum{}"
      case "±": result += "$\\pm$"
      case "≈": result += "$\\approx$"
      case "▲": result += "$^{\\blacktriangle}$"
      case "▼": result += "$^{\\blacktriangledown}$"
      case "—": result += "---"
      case "→": result += "$\\rightarrow$"
      default: if character.isNewline { result += " " } else { result.append(character) }
      }
    }
  }
}
