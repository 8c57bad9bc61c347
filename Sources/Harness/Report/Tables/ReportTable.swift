import Ranking

/// A table ready to be written in any format: values, published values, chance, footnotes.
public struct ReportTable: Sendable, Equatable {
  /// One place of the table.
  public struct Cell: Sendable, Equatable {
    /// Nil when there is no number; a marker then leads to the reason.
    public var value: Spread?
    /// Number of seeds behind the value.
    public var seeds = 0
    /// The best of the table, or not farther from it than the best one's standard deviation.
    public var isBest = false
    public var published: PublishedValue?
    /// Footnote letters.
    public var markers: [String] = []
    /// Id of the cell's result, for links; nil when nothing was ever written.
    public var id: String?
    public var status: CellResult.Status = .missing
    public var reason: String?
    /// 95 % interval of the mean, `[low, high]`.
    public var interval: [Double]?
    /// How the cell differs from the table's baseline, where it was tested.
    public var comparison: TableComparisons.Entry?
    /// Whether the number was measured on the validation split.
    public var isValidation = false
    /// `▲` or `▼` for a significant difference for the better or worse; empty otherwise.
    public var significance = ""
  }

  public struct Heading: Sendable, Equatable {
    public let label: String
    public let title: String
    public var markers: [String] = []
  }

  public struct Footnote: Sendable, Equatable {
    /// Nil for a remark on the whole table.
    public let marker: String?
    public let text: String
  }

  public let name: String
  public let title: String
  public let metric: MetricStyle
  public var rows: [Heading]
  public let columns: [Heading]
  /// Row by row.
  public var cells: [[Cell]]
  /// What random vectors score, per column; nil where unknown.
  public let chance: [Double?]
  /// What a perfect ranking scores, per column; nil where unknown.
  public let ceiling: [Double?]
  /// Where the published values come from; nil when none stand beside ours.
  public let paper: String?
  public var footnotes: [Footnote]

  /// True for a column that has a published value in some row.
  public func hasPublished(_ column: Int) -> Bool { cells.contains { $0[column].published != nil } }

  /// `41.5 ± 0.3`, `41.5` for one seed, `—` without a value.
  public func text(_ cell: Cell) -> String {
    guard let value = cell.value else { return "—" }
    let mean = metric.format(value.mean)
    return (cell.seeds > 1 ? "\(mean) ± \(metric.format(value.std))" : mean) + cell.significance
  }

  /// `[36.1, 44.8]`; empty without one.
  public func intervalText(_ cell: Cell) -> String {
    guard cell.value != nil, let interval = cell.interval, interval.count == 2 else { return "" }
    return "[\(metric.format(interval[0])), \(metric.format(interval[1]))]"
  }

  /// Whether some number was measured on the validation split.
  var hasValidation: Bool { cells.contains { $0.contains(where: \.isValidation) } }

  public var hasIntervals: Bool { cells.contains { $0.contains { !intervalText($0).isEmpty } } }

  /// The published value, `≈` before one of a related encoder; empty without one.
  public func publishedText(_ cell: Cell) -> String {
    guard let published = cell.published else { return "" }
    return (published.isSameMethod ? "" : "≈") + metric.format(published.value)
  }

  /// The chance row's texts; empty when no column knows its chance level.
  public var chanceTexts: [String] { texts(chance) }
  /// The ceiling row's texts; empty when no column knows its ceiling.
  public var ceilingTexts: [String] { texts(ceiling) }

  /// The rows below the measured ones: what no information and a perfect ranking reach.
  public var bounds: [(name: String, texts: [String])] {
    [("chance", chanceTexts), ("ceiling", ceilingTexts)].filter { !$0.1.isEmpty }
  }

  private func texts(_ values: [Double?]) -> [String] {
    values.contains { $0 != nil } ? values.map { $0.map(metric.format) ?? "" } : []
  }
}
