import Basics

/// The levels of one ranking in both directions, as they come from embeddings or from a file of stored ranks: all that
/// metrics, intervals and significance tests need.
public struct RankedQueries: Sendable {
  public let forward: QueryLevels
  /// The wanted gallery rows ranking the queries; nil where no metric adds both directions.
  public let reverse: QueryLevels?
  /// Queries, and wanted gallery rows, that are drawn together.
  public let blocks: QueryBlocks
  public let reverseBlocks: QueryBlocks?
  /// Places that were retrieved at all; nil = the whole gallery.
  public let depth: Int?
  /// nil where every candidate and every query has a vector.
  public let present: PresentRows?
  /// The same of the other direction.
  public let reversePresent: PresentRows?
  /// nil where all queries rank one gallery.
  public let folds: Folds?

  /// Which gallery each query ranks, numbered from 0; a metric is the mean over the folds' values.
  public struct Folds: Sendable, Equatable {
    public let forward: [Int]
    public let reverse: [Int]?

    public init(forward: [Int], reverse: [Int]? = nil) { (self.forward, self.reverse) = (forward, reverse) }

    public var count: Int { (forward.max() ?? -1) + 1 }
  }

  public init(
    forward: QueryLevels, reverse: QueryLevels? = nil, blocks: QueryBlocks? = nil, reverseBlocks: QueryBlocks? = nil,
    depth: Int? = nil, present: PresentRows? = nil, folds: Folds? = nil, reversePresent: PresentRows? = nil
  ) {
    self.depth = depth
    self.present = present
    self.reversePresent = reversePresent
    self.folds = folds
    self.forward = forward
    self.reverse = reverse
    self.blocks = blocks ?? QueryBlocks(separate: forward.count)
    self.reverseBlocks = reverse.map { reverseBlocks ?? QueryBlocks(separate: $0.count) }
  }

  /// Queries whose best relevant item ties with a non-relevant one.
  public var tiedQueries: Int { (0..<forward.count).count { forward.best($0).tied > 0 } }

  /// Whether every relevant item's rank is known, and not only the best one's of each query.
  public var hasAllLevels: Bool {
    (0..<forward.count).allSatisfy { q in forward[q].reduce(0) { $0 + $1.relevant } == forward.relevantCounts[q] }
  }

  public var ranks: QueryRanks { QueryRanks(forward) }

  /// Metric values over all queries; `rsum` adds the directions that are there.
  public func values(_ metrics: [Metric], ties: TiePolicy, seed: UInt64 = 0) -> [MetricValue] {
    Scoring(self, seed: seed).values(metrics, ties)
  }

  /// 95 % intervals of each metric's mean over several runs (seeds) on the same queries: queries are resampled, runs
  /// are not, so that the interval is about queries and the deviation over seeds about training.
  /// - Throws: ``IeumError`` (data) for no runs, or runs over different numbers of queries.
  public static func intervals(
    of runs: [RankedQueries], _ metrics: [Metric], ties: TiePolicy, seed: UInt64 = 0
  ) throws -> [MetricInterval] {
    guard let first = runs.first else { throw IeumError(.data, "there are no runs to resample") }
    guard runs.allSatisfy({ $0.forward.count == first.forward.count && $0.reverse?.count == first.reverse?.count })
    else { throw IeumError(.data, "the seeds ranked different numbers of queries", remedy: "run the cell again") }
    let all = runs.map { Scoring($0, seed: seed).resampledMetrics(metrics, ties) }
    return metrics.indices.map { m in
      let means = all[0][m].indices.map { r in all.reduce(0) { $0 + $1[m][r] } / Double(runs.count) }
      return MetricInterval(metric: metrics[m], interval: Interval(percentilesOf: means))
    }
  }
}

/// Metric values and intervals from the levels of both directions.
struct Scoring: Sendable {
  let ranked: RankedQueries
  let seed: UInt64
  private let tables: RankTables
  /// One per fold; empty where there is one gallery.
  private let folds: [Scoring]

  init(_ ranked: RankedQueries, seed: UInt64) {
    self.ranked = ranked
    self.seed = seed
    folds = ranked.byFold.enumerated().map { Scoring($1, seed: SeededGenerator.child(seed, "fold-\($0)")) }
    tables = RankTables(
      places: max(ranked.forward.galleryCounts.max() ?? 0, ranked.reverse?.galleryCounts.max() ?? 0))
  }

  var hasTies: Bool {
    [ranked.forward, ranked.reverse].contains { $0?.levels.contains { $0.tied > 0 } == true }
  }

  /// Whether every relevant item's rank is known, and not only the best one's.
  var hasAllLevels: Bool { ranked.hasAllLevels }

  static let summed = [1, 5, 10].map { Metric.recall(at: $0) }

  func forward(_ policy: TiePolicy) -> MetricSamples {
    MetricSamples(ranked.forward, policy, tables: tables, depth: ranked.depth ?? .max)
  }

  func reverse(_ policy: TiePolicy) -> MetricSamples? {
    ranked.reverse.map {
      MetricSamples($0, policy, tables: tables, depth: ranked.depth ?? .max)
    }
  }

  func values(_ metrics: [Metric], _ policy: TiePolicy) -> [MetricValue] {
    guard folds.isEmpty else {
      let all = folds.map { $0.values(metrics, policy) }
      return metrics.indices.map { m in
        MetricValue(metric: metrics[m], value: all.reduce(0) { $0 + $1[m].value } / Double(all.count))
      }
    }
    let (samples, other) = (forward(policy), reverse(policy))
    return metrics.map { metric in
      guard metric == .recallSum else { return MetricValue(metric: metric, value: samples.sample(metric).value) }
      let sums = [samples, other].compactMap { side in
        side.map { side in Scoring.summed.reduce(0) { $0 + side.sample($1).value } }
      }
      return MetricValue(metric: metric, value: sums.reduce(0, +))
    }
  }

  func intervals(_ metrics: [Metric], _ policy: TiePolicy) -> [MetricInterval] {
    zip(metrics, resampledMetrics(metrics, policy)).map {
      MetricInterval(metric: $0, interval: Interval(percentilesOf: $1))
    }
  }

  /// Each metric in every resample; `rsum` resamples the two directions separately. `[metrics][resamples]`
  func resampledMetrics(_ metrics: [Metric], _ policy: TiePolicy) -> [[Double]] {
    guard folds.isEmpty else {
      let all = folds.map { $0.resampledMetrics(metrics, policy) }
      return metrics.indices.map { m in
        all[0][m].indices.map { r in all.reduce(0) { $0 + $1[m][r] } / Double(all.count) }
      }
    }
    let needsSum = metrics.contains(.recallSum)
    let plain = metrics.filter { $0 != .recallSum } + (needsSum ? Scoring.summed : [])
    let samples = forward(policy)
    let drawn = Bootstrap.resampled(
      plain.map { samples.sample($0) }, blocks: ranked.blocks, seed: seed, purpose: "queries")
    var sums = [Double](repeating: 0, count: needsSum ? Bootstrap.resamples : 0)
    if needsSum {
      var parts = Array(drawn.suffix(3))
      if let other = reverse(policy), let blocks = ranked.reverseBlocks {
        parts += Bootstrap.resampled(
          Scoring.summed.map { other.sample($0) }, blocks: blocks, seed: seed, purpose: "gallery")
      }
      for values in parts { for r in sums.indices { sums[r] += values[r] } }
    }
    return metrics.map { metric in plain.firstIndex(of: metric).map { drawn[$0] } ?? sums }
  }
}
