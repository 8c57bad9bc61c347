import Datasets

/// The tables of a report as they follow from stored results: for writing them, and for comparing them with those that were
/// written.
struct ReportTables {
  /// A metric over rows and columns of cells.
  let grids: [ReportTable]
  /// A metric in each column.
  let comparisons: [MetricTable]
  /// What stands beside ours, grids first; nil for a table without published numbers.
  let papers: [PaperTable?]

  /// - Parameter paperTables: the folder `paper-tables`.
  /// - Throws: ``IeumError`` (data) for a published table that cannot be read.
  init(
    _ spec: ReportSpec, results: [CellResult], tests: TableComparisons?, leaks: [LeakReport], paperTables: String
  ) throws {
    let papers = try (spec.tables.map(\.paper) + spec.comparisons.map(\.paper)).map { reference in
      try reference.map { try PaperTable.read($0, folder: paperTables) }
    }
    grids = zip(spec.tables, papers).map {
      ReportTable.build($0, results: results, paper: $1, comparisons: tests, leaks: leaks)
    }
    comparisons = zip(spec.comparisons, papers.dropFirst(spec.tables.count)).map {
      MetricTable.build($0, results: results, paper: $1, comparisons: tests, leaks: leaks)
    }
    self.papers = papers
  }

  /// The files below `tables`, by name.
  var files: [(name: String, text: String)] {
    var files: [(name: String, text: String)] = []
    func add(_ table: String, _ texts: KeyValuePairs<String, String>) {
      for (kind, text) in texts { files.append((name: "\(table).\(kind)", text: text)) }
    }
    for table in grids {
      add(table.name, ["md": MarkdownTable.render(table), "csv": CSVTable.render(table), "tex": LatexTable.render(table)])
    }
    for table in comparisons {
      add(
        table.name,
        ["md": MetricTableText.markdown(table), "csv": MetricTableText.csv(table), "tex": MetricTableText.latex(table)])
    }
    return files
  }
}
