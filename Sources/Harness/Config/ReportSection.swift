import Basics

extension Experiment.Cell {
  /// Whether texts rank clips in it, which is what examples show.
  var hasExamples: Bool { config.directions?.contains(.textToClip) == true }
}

extension Experiment {
  /// The `report:` section as a ``ReportSpec``: tables take their rows and columns from the grid they name.
  /// - Throws: ``IeumError`` (usage) listing every problem with file and line.
  public func reportSpec() throws -> ReportSpec {
    let problems = ConfigProblems()
    let reader = ConfigReader(report, path: "report", problems: problems)
    let language = reader.optionalString("language")
    let summary = reader.optionalString("summary")
    let tables = entries(reader.tree("tables")).compactMap { table($0, problems) }
    let figures = entries(reader.tree("figures")).compactMap { figure($0, problems) }
    let comparisons = entries(reader.tree("comparisons")).compactMap { comparison($0, problems) }
    let examples = reader.tree("examples").map { exampleSpec(ConfigReader($0, path: "report.examples", problems: problems)) }
    reader.finish()
    try problems.check()
    try FigureRegistry.check(figures)
    return ReportSpec(
      title: title, language: language, summary: summary, tables: tables, figures: figures, comparisons: comparisons,
      examples: examples)
  }

  private func comparison(_ tree: ConfigTree, _ problems: ConfigProblems) -> ComparisonSpec? {
    let reader = ConfigReader(tree, path: "report.comparisons", problems: problems)
    let name = reader.string("name")
    let grid = reader.string("from")
    let members = cells.filter { $0.table == grid }
    if members.isEmpty { reader.problem("from", "no grid of the sweep is called '\(grid)'") }
    let columns = ordered(members.map(\.column))
    if columns.count > 1 {
      reader.problem("from", "'\(grid)' has \(columns.count) columns; a table of metrics shows a grid of one")
    }
    let baseline = reader.optionalString("baseline")
    if let baseline { check(baseline, in: members.map(\.row), reader) }
    let spec = ComparisonSpec(
      name: name, title: reader.string("title", default: name), rows: ordered(members.map(\.row)),
      metrics: reader.strings("metrics", default: members.first?.config.evaluation.metrics ?? []),
      paper: reader.optionalString("paper"), footnotes: reader.strings("footnotes", default: []), baseline: baseline,
      column: columns.first ?? "")
    reader.finish()
    return spec
  }

  private func check(_ label: String, in known: [String], _ reader: ConfigReader) {
    guard !known.contains(label) else { return }
    let hint = Suggestion.nearest(to: label, in: known).map { "; did you mean '\($0)'?" } ?? ""
    reader.problem("baseline", "'\(label)' is no row or column of this table\(hint)")
  }

  private func exampleSpec(_ reader: ConfigReader) -> ExamplesSpec {
    let grid = reader.string("from")
    let row = reader.string("row")
    let members = cells.filter { $0.table == grid && $0.row == row }
    if members.isEmpty {
      reader.problem("row", "no cell of '\(grid)' is called '\(row)'")
    } else if !members.contains(where: \.hasExamples) {
      reader.problem("row", "'\(row)' has no examples to show: it ranks no clips by texts; name a cell of `task: towers` "
        + "or `task: clips` with t2v among its evaluation.directions")
    }
    let spec = ExamplesSpec(
      grid: grid, row: row, queries: reader.strings("queries", default: []),
      chosen: reader.int("chosen", default: 5, in: 0...100), worst: reader.int("worst", default: 5, in: 0...100))
    reader.finish()
    return spec
  }

  private func entries(_ tree: ConfigTree?) -> [ConfigTree] {
    if case .list(let items, _)? = tree { return items }
    return []
  }

  private func table(_ tree: ConfigTree, _ problems: ConfigProblems) -> TableSpec? {
    let reader = ConfigReader(tree, path: "report.tables", problems: problems)
    let name = reader.string("name")
    let grid = reader.string("from")
    let members = cells.filter { $0.table == grid }
    if members.isEmpty { reader.problem("from", "no grid of the sweep is called '\(grid)'") }
    let baseline = baseline(reader, members, problems)
    let spec = TableSpec(
      name: name, title: reader.string("title", default: name), metric: reader.string("metric"),
      rows: ordered(members.map(\.row)), columns: ordered(members.map(\.column)),
      paper: reader.optionalString("paper"), footnotes: reader.strings("footnotes", default: []), baseline: baseline)
    reader.finish()
    return spec
  }

  /// `baseline: {row: R}`, `{column: C}` or both; a plain text is a row.
  private func baseline(_ reader: ConfigReader, _ members: [Cell], _ problems: ConfigProblems) -> BaselineSpec? {
    guard let tree = reader.tree("baseline") else { return nil }
    var spec = BaselineSpec()
    if case .scalar(let row, _, _) = tree {
      spec.row = row
    } else {
      let own = ConfigReader(tree, path: "report.tables.baseline", problems: problems)
      spec = BaselineSpec(row: own.optionalString("row"), column: own.optionalString("column"))
      own.finish()
    }
    for (label, known) in [(spec.row, members.map(\.row)), (spec.column, members.map(\.column))] {
      if let label { check(label, in: known, reader) }
    }
    if spec.row == nil, spec.column == nil { reader.problem("baseline", "names neither a row nor a column") }
    return spec
  }

  private func figure(_ tree: ConfigTree, _ problems: ConfigProblems) -> FigureSpec? {
    if case .scalar(let name, _, _) = tree { return FigureSpec(name) }
    let reader = ConfigReader(tree, path: "report.figures", problems: problems)
    let grid = reader.optionalString("from")
    let spec = FigureSpec(
      reader.string("name"), title: reader.optionalString("title"), cell: reader.optionalString("cell"),
      metric: reader.optionalString("metric"),
      rows: grid.map { grid in ordered(cells.filter { $0.table == grid }.map(\.row)) },
      paper: reader.optionalString("paper"))
    reader.finish()
    return spec
  }

  private func ordered(_ labels: [String]) -> [String] {
    var seen: Set<String> = []
    return labels.filter { seen.insert($0).inserted }
  }
}
