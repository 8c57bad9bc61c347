/// A table on the page: each number leads to its provenance.
enum PageTable {
  static func render(_ table: ReportTable) -> String {
    let head = table.columns.map { "<th scope=\"col\">\(HTML.text($0.title))</th>" }.joined()
    var body = table.rows.indices.map { row in
      let heading = table.rows[row]
      let name = "<th scope=\"row\">\(HTML.text(heading.title))\(marks(heading.markers))</th>"
      return "<tr>\(name)\(table.cells[row].map { cell($0, table) }.joined())</tr>"
    }
    for bound in table.bounds {
      let values = bound.texts.map { "<td>\($0)</td>" }.joined()
      body.append("<tr class=\"chance\"><th scope=\"row\">\(bound.name)</th>\(values)</tr>")
    }
    let notes = table.footnotes.map { note in
      "<li>\(note.marker.map { "<sup>\($0)</sup> " } ?? "")\(HTML.text(note.text))</li>"
    }
    return """
      <h3 id="table-\(HTML.escape(table.name))">\(HTML.text(table.title)) · \(HTML.escape(table.metric.label))</h3>
      <div class="scroll"><table class="values"><thead><tr><th></th>\(head)</tr></thead>
      <tbody>\(body.joined(separator: "\n"))</tbody></table></div>
      <ul class="notes">\(notes.joined(separator: "\n"))</ul>
      """
  }

  private static func cell(_ cell: ReportTable.Cell, _ table: ReportTable) -> String {
    let text = table.text(cell)
    let linked = cell.id.map { "<a href=\"#\(HTML.anchor($0))\">\(text)</a>" } ?? text
    let published = table.publishedText(cell)
    let interval = table.intervalText(cell)
    let below = interval.isEmpty ? "" : "<span class=\"published\">\(interval)</span>"
    let beside = published.isEmpty ? "" : "<span class=\"published\">published \(published)</span>"
    let kind = cell.isBest ? " class=\"best\"" : cell.value == nil ? " class=\"absent\"" : ""
    let title = hint(cell).map { " title=\"\(HTML.escape($0))\"" } ?? ""
    return "<td\(kind)\(title)>\(linked)\(marks(cell.markers))\(below)\(beside)</td>"
  }

  /// Why there is no number, or how the number differs from the baseline.
  static func hint(_ cell: ReportTable.Cell) -> String? {
    if cell.value == nil { return cell.absence }
    guard let test = cell.comparison else { return nil }
    guard let difference = test.difference, let p = test.pHolm else { return test.reason.map { "not tested: \($0)" } }
    return String(format: "difference from the baseline %+.3f, p = %.4f after Holm's correction", difference, p)
  }

  private static func marks(_ markers: [String]) -> String {
    markers.isEmpty ? "" : "<sup>\(markers.joined(separator: ","))</sup>"
  }
}
