/// A table of metrics in the formats that other tables have.
enum MetricTableText {
  private static func fields(
    _ row: MetricTable.Row, text: (String) -> String, bold: (String) -> String, marker: (String) -> String
  ) -> [String] {
    let marks = row.markers.isEmpty ? "" : marker(row.markers.joined(separator: ","))
    return [text(row.title) + marks]
      + row.values.enumerated().map { row.best.contains($0) ? bold(text($1)) : text($1) }
  }

  /// The line of intervals below a row; nil without any.
  private static func intervals(_ row: MetricTable.Row) -> [String]? {
    row.intervals.contains { !$0.isEmpty } ? [""] + row.intervals : nil
  }

  static func markdown(_ table: MetricTable) -> String {
    func line(_ fields: [String]) -> String { "| " + fields.joined(separator: " | ") + " |" }
    let escape = MarkdownTable.escape
    var lines = ["### \(escape(table.title))", "", line([""] + table.metrics.map { escape($0.label) })]
    lines.append(line(["---"] + table.metrics.map { _ in "---:" }))
    lines += table.rows.map { row in
      let values = fields(row, text: escape, bold: { "**\($0)**" }, marker: { "<sup>\($0)</sup>" })
      guard let below = intervals(row) else { return line(values) }
      return line(zip(values, below).map { $1.isEmpty ? $0 : "\($0)<br><sub>\(escape($1))</sub>" })
    }
    lines.append("")
    for note in table.footnotes {
      lines.append("- " + (note.marker.map { "<sup>\($0)</sup> " } ?? "") + escape(note.text))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static let header = [
    "row", "kind", "metric", "mean", "std", "seeds", "unit", "cell", "ci95_low", "ci95_high", "baseline", "difference",
    "p", "p_holm", "significant",
  ]

  static func csv(_ table: MetricTable) -> String {
    let hasValidation = table.rows.contains { $0.cells.contains(where: \.isValidation) }
    var lines = [CSVText.line(header + (hasValidation ? CSVTable.splitHeader : []))]
    for row in table.rows {
      for (place, style) in table.metrics.enumerated() {
        let (number, isOurs) = (row.numbers[place], row.kind == .ours)
        let cell = row.cells.indices.contains(place) ? row.cells[place] : nil
        let fields = [
          row.title, row.kind.rawValue, style.name, number.map { "\($0.mean)" } ?? "",
          isOurs ? number.map { "\($0.std)" } ?? "" : "", isOurs ? "\(row.seeds)" : "", style.unit.rawValue, row.id ?? "",
        ]
        let split = hasValidation ? CSVTable.split(cell) : []
        lines.append(CSVText.line(fields + CSVTable.evidence(cell) + split))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  static func latex(_ table: MetricTable) -> String {
    let escape = LatexTable.escape
    func line(_ fields: [String]) -> String { "  " + fields.joined(separator: " & ") + " \\\\" }
    var lines = [
      "% requires \\usepackage{booktabs,amssymb}", "\\begin{table}[t]", "\\centering", "\\caption{\(escape(table.title))}",
      "\\label{tab:\(table.name)}", "\\begin{tabular}{l\(String(repeating: "r", count: table.metrics.count))}",
      "  \\toprule", line([""] + table.metrics.map { escape($0.label) }), "  \\midrule",
    ]
    for (index, row) in table.rows.enumerated() {
      if index > 0, table.rows[index - 1].kind != row.kind { lines.append("  \\midrule") }
      lines.append(
        line(fields(row, text: escape, bold: { "\\textbf{\($0)}" }, marker: LatexTable.marker)))
      if let below = intervals(row) { lines.append(line(below.map { $0.isEmpty ? "" : "{\\scriptsize \($0)}" })) }
    }
    lines += ["  \\bottomrule", "\\end{tabular}", "\\par\\smallskip\\footnotesize\\raggedright"]
    lines += table.footnotes.map { note in
      (note.marker.map { LatexTable.marker($0) + "~" } ?? "") + escape(note.text) + "\\par"
    }
    return (lines + ["\\end{table}"]).joined(separator: "\n") + "\n"
  }

  /// Aligned, for the terminal.
  static func text(_ table: MetricTable) -> String {
    let body = table.rows.map { row in
      fields(row, text: { $0 }, bold: { "*" + $0 }, marker: { " [\($0)]" })
    }
    let header = [""] + table.metrics.map(\.label)
    let widths = header.indices.map { column in
      ([header] + body + table.rows.compactMap(intervals)).map { DisplayWidth.of($0[column]) }.max() ?? 0
    }
    func line(_ fields: [String]) -> String {
      "  " + fields.enumerated().map { DisplayWidth.pad($1, to: widths[$0], alignRight: $0 > 0) }.joined(separator: "   ")
    }
    let rule = "  " + widths.map { String(repeating: "─", count: $0) }.joined(separator: "───")
    var lines = [table.title, rule, line(header), rule]
    for (index, row) in body.enumerated() {
      if index > 0, table.rows[index].kind != table.rows[index - 1].kind { lines.append(rule) }
      lines.append(line(row))
      if let below = intervals(table.rows[index]) { lines.append(line(below)) }
    }
    lines.append(rule)
    lines += table.footnotes.map { note in
      "  " + (note.marker.map { "[\($0)] " } ?? "") + note.text.replacing("Bold:", with: "*")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  static func html(_ table: MetricTable) -> String {
    let head = table.metrics.map { "<th scope=\"col\">\(HTML.escape($0.label))</th>" }.joined()
    let body = table.rows.map { row in
      let marks = row.markers.isEmpty ? "" : "<sup>\(row.markers.joined(separator: ","))</sup>"
      let cells = row.values.enumerated().map { place, value in
        let linked = row.id.map { "<a href=\"#\(HTML.anchor($0))\">\(HTML.escape(value))</a>" } ?? HTML.escape(value)
        let below = row.intervals.indices.contains(place) && !row.intervals[place].isEmpty
          ? "<span class=\"published\">\(row.intervals[place])</span>" : ""
        let hint = row.cells.indices.contains(place) ? PageTable.hint(row.cells[place]) : nil
        let title = hint.map { " title=\"\(HTML.escape($0))\"" } ?? ""
        return "<td\(row.best.contains(place) ? " class=\"best\"" : "")\(title)>\(linked)\(below)</td>"
      }
      let kind = row.kind == .ours ? "" : " class=\"\(row.kind.rawValue)-row\""
      return "<tr\(kind)><th scope=\"row\">\(HTML.text(row.title))\(marks)</th>\(cells.joined())</tr>"
    }
    let notes = table.footnotes.map { note in
      "<li>\(note.marker.map { "<sup>\($0)</sup> " } ?? "")\(HTML.text(note.text))</li>"
    }
    return """
      <h3 id="table-\(HTML.escape(table.name))">\(HTML.text(table.title))</h3>
      <div class="scroll"><table class="values"><thead><tr><th></th>\(head)</tr></thead>
      <tbody>\(body.joined(separator: "\n"))</tbody></table></div>
      <ul class="notes">\(notes.joined(separator: "\n"))</ul>
      """
  }
}
