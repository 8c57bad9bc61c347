/// A table as GitHub Markdown.
enum MarkdownTable {
  static func render(_ table: ReportTable) -> String {
    let style = TableGrid.Style(
      text: escape, bold: { "**\($0)**" }, marker: { "<sup>\($0)</sup>" }, published: { "*\($0)*" },
      interval: { "<br><sub>\($0)</sub>" })
    let grid = TableGrid(table, style: style)
    func line(_ fields: [String]) -> String { "| " + fields.joined(separator: " | ") + " |" }
    var lines = ["### \(escape(table.title))", "", line(grid.header)]
    lines.append(line(grid.header.indices.map { $0 == 0 ? "---" : "---:" }))
    lines += grid.body.map(line)
    lines.append("")
    for note in table.footnotes {
      lines.append("- " + (note.marker.map { "<sup>\($0)</sup> " } ?? "") + escape(note.text))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Characters that Markdown would read as markup.
  static func escape(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "|", "*", "_", "`", "\\", "[", "]": result += "\\\(character)"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      default: if character.isNewline { result += " " } else { result.append(character) }
      }
    }
  }
}
