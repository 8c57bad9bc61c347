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
    /// Places of the best of our own values.
    public var best: Set<Int> = []
    public var markers: [String] = []
    /// Id of our result, for links.
    public var id: String?
    /// Mean, deviation and number of seeds per metric, for the CSV.
    public var numbers: [Spread?]
    public var seeds = 0
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

  public init(
    name: String, title: String, rows: [String], metrics: [String], paper: String? = nil, footnotes: [String] = []
  ) {
    (self.name, self.title, self.rows, self.metrics) = (name, title, rows, metrics)
    (self.paper, self.footnotes) = (paper, footnotes)
  }
}

extension MetricTable {
  /// - Parameters:
  ///   - results: all cells of the experiment.
  ///   - paper: the published table that the spec names.
  public static func build(_ spec: ComparisonSpec, results: [CellResult], paper: PaperTable?) -> MetricTable {
    let metrics = spec.metrics.map { MetricStyle($0) }
    let found = spec.rows.compactMap { label in results.first { $0.row == label } }
    var rows = published(paper, metrics)
    if let chance = found.first(where: { !$0.chance.isEmpty })?.chance {
      rows.append(
        Row(
          title: "chance (this gallery)", kind: .chance,
          values: metrics.map { style in chance[style.name].map(style.format) ?? "—" },
          numbers: metrics.map { style in chance[style.name].flatMap { Spread(of: [$0]) } }))
    }
    let ours = spec.rows.map { label in own(label, found.first { $0.row == label }, metrics) }
    rows += marked(ours, metrics)
    var table = MetricTable(name: spec.name, title: spec.title, metrics: metrics, rows: rows, footnotes: [])
    table.addFootnotes(spec, found, paper)
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

  private static func own(_ label: String, _ result: CellResult?, _ metrics: [MetricStyle]) -> Row {
    let spreads = metrics.map { result?.status == .ok ? result?.summary[$0.name] : nil }
    let seeds = result?.seeds.count ?? 0
    let values = zip(metrics, spreads).map { style, spread -> String in
      guard let spread else { return "—" }
      return seeds > 1 ? "\(style.format(spread.mean)) ± \(style.format(spread.std))" : style.format(spread.mean)
    }
    return Row(
      title: result?.rowTitle ?? label, kind: .ours, values: values, id: result?.id, numbers: spreads, seeds: seeds)
  }

  // As in the other tables: what lies within the winner's own deviation is marked with it.
  private static func marked(_ rows: [Row], _ metrics: [MetricStyle]) -> [Row] {
    var rows = rows
    for (place, style) in metrics.enumerated() {
      let values = rows.compactMap { $0.numbers[place] }
      let best = values.min { style.lowerIsBetter ? $0.mean < $1.mean : $0.mean > $1.mean }
      guard let best, values.count > 1 else { continue }
      for row in rows.indices {
        if let value = rows[row].numbers[place], abs(value.mean - best.mean) <= best.std + 1e-9 {
          rows[row].best.insert(place)
        }
      }
    }
    return rows
  }

  private mutating func addFootnotes(_ spec: ComparisonSpec, _ found: [CellResult], _ paper: PaperTable?) {
    var remarks: [String] = []
    if let paper { remarks.append("Published: \(paper.shortName), measured on that work's own data; not comparable.") }
    let sizes = Set(found.filter { $0.queries > 0 }.map { "\($0.queries) queries over \($0.gallery) candidates" })
    if !sizes.isEmpty { remarks.append("Ours: \(sizes.sorted().joined(separator: "; ")).") }
    if let seeds = rows.map(\.seeds).max(), seeds > 1 {
      remarks.append(
        "Mean ± standard deviation over \(seeds) seeds. Bold: our best value and those not farther from it than its deviation.")
    }
    footnotes = (remarks + spec.footnotes).map { ReportTable.Footnote(marker: nil, text: $0) }
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
