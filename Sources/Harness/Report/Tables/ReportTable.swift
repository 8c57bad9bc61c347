/// A table ready to be written in any format: values, published values, chance, footnotes.
public struct ReportTable: Sendable, Equatable {
  /// One place of the table.
  public struct Cell: Sendable, Equatable {
    /// Nil when there is no number; a marker then leads to the reason.
    public var value: CellResult.Spread?
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
  /// Where the published values come from; nil when none stand beside ours.
  public let paper: String?
  public var footnotes: [Footnote]

  /// True for a column that has a published value in some row.
  public func hasPublished(_ column: Int) -> Bool { cells.contains { $0[column].published != nil } }

  /// `41.5 ± 0.3`, `41.5` for one seed, `—` without a value.
  public func text(_ cell: Cell) -> String {
    guard let value = cell.value else { return "—" }
    let mean = metric.format(value.mean)
    return cell.seeds > 1 ? "\(mean) ± \(metric.format(value.std))" : mean
  }

  /// The published value, `≈` before one of a related encoder; empty without one.
  public func publishedText(_ cell: Cell) -> String {
    guard let published = cell.published else { return "" }
    return (published.isSameMethod ? "" : "≈") + metric.format(published.value)
  }

  /// The chance row's texts; empty when no column knows its chance level.
  public var chanceTexts: [String] {
    chance.contains { $0 != nil } ? chance.map { $0.map(metric.format) ?? "" } : []
  }
}
