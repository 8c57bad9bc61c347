import Basics
import Foundation
import Ranking

/// `comparisons.json`: how every cell of every table with a baseline differs from it, corrected within each table.
/// Written by the run from stored ranks, read by the report.
public struct TableComparisons: Codable, Sendable, Equatable {
  /// One cell of one table against its baseline.
  public struct Entry: Codable, Sendable, Equatable {
    public var table: String
    public var metric: String
    public var cell: String
    public var baseline: String
    /// Cell minus baseline, and its interval; nil where ``reason`` says why there is no test.
    public var difference: Double?
    public var ci95: [Double]?
    public var p: Double?
    /// Adjusted over the table's comparisons.
    public var pHolm: Double?
    public var effectSize: Double?
    public var reason: String?

    /// Whether the difference from the baseline is significant.
    public var isSignificant: Bool { pHolm.map { $0 < Comparison.alpha } ?? false }
  }

  public var alpha = Comparison.alpha
  public var rounds = Significance.rounds
  public var test = "two-sided paired randomisation test over queries"
  public var correction = "holm"
  public var entries: [Entry] = []

  public init() {}

  static func path(_ folder: String) -> String { folder + "/comparisons.json" }

  /// - Returns: nil when nothing was compared.
  /// - Throws: ``IeumError`` (data) for a damaged file.
  public static func read(_ folder: String) throws -> TableComparisons? {
    guard let data = FileManager.default.contents(atPath: path(folder)) else { return nil }
    do {
      return try JSONDecoder().decode(TableComparisons.self, from: data)
    } catch {
      throw IeumError(.data, "is damaged", file: path(folder), remedy: "delete it; `ieum report` makes it again")
    }
  }

  /// Compares what the tables ask for and writes the file; without a baseline an old file is taken away.
  public static func update(_ tables: [TableSpec], folder: String) throws {
    guard let comparisons = try made(tables, folder: folder) else {
      unlink(path(folder))
      return
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(comparisons) + Data("\n".utf8), to: path(folder))
  }

  /// What the tables ask for, from stored ranks.
  /// - Returns: nil when no table has a baseline.
  static func made(_ tables: [TableSpec], folder: String) throws -> TableComparisons? {
    let wanted = tables.filter { $0.baseline != nil }
    guard !wanted.isEmpty else { return nil }
    let results = try Report.cells(in: folder)
    var comparisons = TableComparisons()
    for table in wanted {
      var loaded: [String: Result<ComparableRun, IeumError>] = [:]
      comparisons.entries += try entries(table, results: results) { id in
        if let known = loaded[id] { return known }
        let run = run(id, table.metric, folder)
        loaded[id] = run
        return run
      }
    }
    comparisons.correct()
    return comparisons
  }

  /// The same tests again, each on the ranks as they are now, for results whose tables are not recorded.
  func repeated(in folder: String) throws -> TableComparisons {
    var again = self
    for index in entries.indices {
      let old = entries[index]
      var entry = Entry(table: old.table, metric: old.metric, cell: old.cell, baseline: old.baseline)
      entry.test(
        try Metric.parse(MetricKey(old.metric).metric), cell: Self.run(old.cell, old.metric, folder),
        baseline: Self.run(old.baseline, old.metric, folder))
      again.entries[index] = entry
    }
    again.correct()
    return again
  }

  /// A cell's ranks in the direction of a table's metric.
  private static func run(_ id: String, _ metric: String, _ folder: String) -> Result<ComparableRun, IeumError> {
    Result { () throws(IeumError) -> ComparableRun in
      do {
        return try ComparableRun.load(
          "\(folder)/cells/\(id)", as: id, direction: MetricKey(metric).direction, metrics: [], similarity: .cosine)
      } catch let error as IeumError { throw error } catch { throw IeumError(.system, "\(error)") }
    }
  }

  private static func entries(
    _ table: TableSpec, results: [CellResult], load: (String) -> Result<ComparableRun, IeumError>
  ) throws -> [Entry] {
    let metric = try Metric.parse(MetricKey(table.metric).metric)
    var entries: [Entry] = []
    for row in table.rows {
      for column in table.columns {
        guard let cell = table.find(results, row, column), cell.status == .ok, let baseline = table.baseline,
          let other = table.find(results, baseline.row ?? row, baseline.column ?? column), other.id != cell.id
        else { continue }
        var entry = Entry(table: table.name, metric: table.metric, cell: cell.id, baseline: other.id)
        if other.status == .ok {
          entry.test(metric, cell: load(cell.id), baseline: load(other.id))
        } else {
          entry.reason = "the baseline has no numbers"
        }
        entries.append(entry)
      }
    }
    return entries
  }

  /// Holm's correction over all comparisons of each table, whatever its metrics.
  private mutating func correct() {
    for table in Set(entries.map(\.table)) {
      let tested = entries.indices.filter { entries[$0].table == table && entries[$0].p != nil }
      let adjusted = Significance.holm(tested.compactMap { entries[$0].p })
      for (place, index) in tested.enumerated() { entries[index].pHolm = adjusted[place] }
    }
  }
}

extension TableComparisons.Entry {
  /// Tests two cells, or says why they cannot be tested; Holm's correction is the table's business.
  fileprivate mutating func test(
    _ metric: Metric, cell: Result<ComparableRun, IeumError>, baseline: Result<ComparableRun, IeumError>
  ) {
    do {
      let (cell, baseline) = (try cell.get(), try baseline.get())
      try cell.requireSameQueries(as: baseline)
      let result = try RunComparison(cell.runs, baseline.runs, ties: cell.ties ?? .expected).compare(metric)
      (difference, ci95, p) = (result.difference, [result.ci95.low, result.ci95.high], result.randomisationP)
      effectSize = result.effectSize
    } catch {
      reason = (error as? IeumError)?.problem ?? "\(error)"
    }
  }
}

extension TableSpec {
  /// The result that stands at a place of this table.
  func find(_ results: [CellResult], _ row: String, _ column: String) -> CellResult? {
    results.first { $0.row == row && $0.column == column }
  }
}
