import Datasets
import Ranking

/// A table whose columns are metrics and whose rows are methods: published ones, chance, and our own beside them.
public struct MetricTable: Sendable, Equatable {
  /// What stands behind a row.
  public enum Kind: String, Sendable { case published, chance, ours }

  public struct Row: Sendable, Equatable {
    public let title: String
    public let kind: Kind
    /// One text per metric; `—` where there is no number.
    public var values: [String]
    /// One 95 % interval per metric, below its value; empty where there is none.
    public var intervals: [String] = []
    /// Places of the best of our own values.
    public var best: Set<Int> = []
    public var markers: [String] = []
    /// Id of our result, for links.
    public var id: String?
    /// Mean and deviation per metric, for the CSV.
    public var numbers: [Spread?]
    public var seeds = 0
    /// Our result under each metric, with its test against the baseline; empty for the other rows.
    public var cells: [ReportTable.Cell] = []
  }

  public let name: String
  public let title: String
  public let metrics: [MetricStyle]
  public var rows: [Row]
  public var footnotes: [ReportTable.Footnote]
}

/// What a table of metrics shows.
public struct ComparisonSpec: Codable, Sendable, Equatable {
  public var name: String
  public var title: String
  /// Our rows, in the order shown.
  public var rows: [String]
  public var metrics: [String]
  /// `<paper>/<table>` whose rows stand above ours.
  public var paper: String?
  public var footnotes: [String]
  /// The row that the others are tested against, metric by metric.
  public var baseline: String?
  /// The one column of the grid.
  public var column: String

  public init(
    name: String, title: String, rows: [String], metrics: [String], paper: String? = nil, footnotes: [String] = [],
    baseline: String? = nil, column: String = ""
  ) {
    (self.name, self.title, self.rows, self.metrics) = (name, title, rows, metrics)
    (self.paper, self.footnotes, self.baseline, self.column) = (paper, footnotes, baseline, column)
  }

  /// Our rows under one metric each: every column of this table is a table of one column.
  var tables: [TableSpec] {
    metrics.map {
      TableSpec(
        name: name, title: title, metric: $0, rows: rows, columns: [column],
        baseline: baseline.map { BaselineSpec(row: $0) })
    }
  }
}

extension MetricTable {
  /// - Parameters:
  ///   - results: all cells of the experiment.
  ///   - paper: the published table that the spec names.
  ///   - comparisons: the stored tests against the baseline.
  public static func build(
    _ spec: ComparisonSpec, results: [CellResult], paper: PaperTable?, comparisons: TableComparisons? = nil,
    leaks: [LeakReport] = []
  ) -> MetricTable {
    let columns = spec.tables.map {
      ReportTable.build($0, results: results, paper: nil, comparisons: comparisons, leaks: leaks)
    }
    let metrics = columns.map(\.metric)
    var rows = published(paper, metrics)
    for (title, bounds) in [("chance (this gallery)", columns.map { $0.chance[0] }), ("ceiling", columns.map { $0.ceiling[0] })]
    where bounds.contains(where: { $0 != nil }) {
      rows.append(
        Row(
          title: title, kind: .chance, values: zip(metrics, bounds).map { $1.map($0.format) ?? "—" },
          numbers: bounds.map { $0.flatMap { Spread(of: [$0]) } }))
    }
    let found = spec.rows.map { label in results.first { $0.row == label && $0.column == spec.column } }
    rows += spec.rows.indices.map { place in own(place, found[place], columns) }
    var table = MetricTable(name: spec.name, title: spec.title, metrics: metrics, rows: rows, footnotes: [])
    table.addFootnotes(spec, found.compactMap { $0 }, paper, columns, comparisons, leaks)
    return table
  }

  private static func published(_ paper: PaperTable?, _ metrics: [MetricStyle]) -> [Row] {
    guard let paper else { return [] }
    return FootnoteLetters.ordered(paper.entries.map(\.row)).map { name in
      let values = metrics.map { style in
        paper.entries.first { $0.row == name && $0.metric == style.name }.map {
          style.converted($0.value, from: $0.unit)
        }
      }
      return Row(
        title: "\(name) (published)", kind: .published,
        values: zip(metrics, values).map { style, value in value.map(style.format) ?? "—" },
        numbers: values.map { $0.flatMap { Spread(of: [$0]) } })
    }
  }

  private static func own(_ place: Int, _ result: CellResult?, _ columns: [ReportTable]) -> Row {
    let cells = columns.map { $0.cells[place][0] }
    return Row(
      title: columns.first?.rows[place].title ?? "", kind: .ours,
      values: zip(columns, cells).map { $0.text($1) }, intervals: zip(columns, cells).map { $0.intervalText($1) },
      best: Set(cells.indices.filter { cells[$0].isBest }), id: result?.id, numbers: cells.map(\.value),
      seeds: result?.seeds.count ?? 0, cells: cells)
  }

  private mutating func addFootnotes(
    _ spec: ComparisonSpec, _ found: [CellResult], _ paper: PaperTable?, _ columns: [ReportTable],
    _ comparisons: TableComparisons?, _ leaks: [LeakReport]
  ) {
    var remarks: [String] = []
    if let paper { remarks.append("Published: \(paper.shortName), measured on that work's own data; not comparable.") }
    let sizes = Set(found.filter { $0.queries > 0 }.map { "\($0.queries) queries over \($0.gallery) candidates" })
    if !sizes.isEmpty { remarks.append("Ours: \(sizes.sorted().joined(separator: "; ")).") }
    if let column = columns.first, let table = spec.tables.first {
      let measured = found.filter { $0.status == .ok }
      remarks += column.trustRemarks(table, measured, comparisons: comparisons, leaks: leaks)
    }
    footnotes = (remarks + spec.footnotes).map { ReportTable.Footnote(marker: nil, text: $0) }
    let validated = found.filter { $0.status == .ok && $0.isValidation }
    footnotes += [ValidationMark.footnote(validated)].compactMap { $0 }
    for row in rows.indices where validated.contains(where: { $0.id == rows[row].id }) {
      rows[row].markers.append(ValidationMark.dagger)
    }
    var letters = FootnoteLetters()
    let reasons = found.map { $0.status == .ok ? $0.notes : $0.notes + ["not run: \($0.reason ?? "no reason was recorded")"] }
    for note in FootnoteLetters.ordered(reasons.flatMap { $0 }) {
      let holders = zip(found, reasons).filter { $1.contains(note) }.map(\.0.id)
      if holders.count == found.count {
        footnotes.append(ReportTable.Footnote(marker: nil, text: note))
        continue
      }
      let marker = letters.next()
      footnotes.append(ReportTable.Footnote(marker: marker, text: note))
      for row in rows.indices where rows[row].id.map(holders.contains) == true { rows[row].markers.append(marker) }
    }
  }
}
