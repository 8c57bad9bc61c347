import Basics

/// Two systems, each run with one or several seeds, compared on one metric over the same queries.
public struct MetricComparison: Sendable, Equatable {
  public let metric: Metric
  /// Means over the seeds.
  public let a: Double
  public let b: Double
  /// a − b, in the metric's unit.
  public let difference: Double
  /// Percentile bootstrap interval of the difference over queries (or blocks of queries).
  public let ci95: Interval
  /// Cohen's d of the paired per-query differences (mean over standard deviation); nil where all differences are
  /// equal, and for `rsum`, whose two directions have no common query.
  public let effectSize: Double?
  /// Queries on which a is better, worse, and equal.
  public let better: Int
  public let worse: Int
  public let equal: Int
  /// Two-sided p-values of the paired bootstrap and the paired randomisation test.
  public let bootstrapP: Double
  public let randomisationP: Double
}

/// The comparison of two systems' stored ranks.
public struct RunComparison: Sendable {
  private let a: [Scoring]
  private let b: [Scoring]
  private let ties: TiePolicy
  private let seed: UInt64
  private let rounds: Int

  /// - Parameters:
  ///   - a, b: one entry per seed, over the same queries in the same order.
  ///   - rounds: resamples of the bootstrap and swaps of the randomisation test (all swaps where at most 16 queries
  ///     differ).
  /// - Throws: ``IeumError``: usage for a policy of other code; data when the queries are not the same.
  public init(
    _ a: [RankedQueries], _ b: [RankedQueries], ties: TiePolicy, seed: UInt64 = 0, rounds: Int = Significance.rounds
  ) throws {
    guard !ties.isCompatibility else {
      throw IeumError(
        .usage, "'\(ties.rawValue)' gives no value per query", place: "--ties",
        remedy: "use expected, optimistic or pessimistic")
    }
    guard let first = a.first, !b.isEmpty else { throw IeumError(.data, "there is no run to compare") }
    for other in a + b {
      guard other.forward.relevantCounts == first.forward.relevantCounts,
        other.forward.galleryCounts == first.forward.galleryCounts, other.blocks == first.blocks, other.folds == first.folds
      else {
        throw IeumError(
          .data, "the two did not rank the same queries over the same gallery",
          remedy: "compare results of one dataset, split and protocol")
      }
    }
    (self.a, self.b) = (a.map { Scoring($0, seed: seed) }, b.map { Scoring($0, seed: seed) })
    (self.ties, self.seed, self.rounds) = (ties, seed, max(1, rounds))
  }

  /// - Throws: ``IeumError`` (usage) for a metric that the stored ranks cannot give.
  public func compare(_ metric: Metric) throws -> MetricComparison {
    guard metric.needsBestOnly || (a + b).allSatisfy(\.hasAllLevels) else {
      throw IeumError(
        .usage, "metric '\(metric)' needs the ranks of all relevant items; only the best one's were stored",
        remedy: "name it in `evaluation.metrics` and run again")
    }
    let values = [a, b].map { runs in
      runs.reduce(0) { $0 + ($1.values([metric], ties).first?.value ?? 0) } / Double(runs.count)
    }
    let units = perQuery(metric)
    let lower = metric.better == .lower
    let isMedian = [.medianRank, .medianRankFloor].contains(metric.kind)
    let test = isMedian ? try medians(floored: metric.kind == .medianRankFloor) : try means(metric)
    return MetricComparison(
      metric: metric, a: values[0], b: values[1], difference: values[0] - values[1],
      ci95: Interval(percentilesOf: test.resampled), effectSize: metric == .recallSum ? nil : Self.cohen(units),
      better: units.count { lower ? $0 < 0 : $0 > 0 }, worse: units.count { lower ? $0 > 0 : $0 < 0 },
      equal: units.count { $0 == 0 }, bootstrapP: Significance.bootstrapP(test.resampled),
      randomisationP: test.randomisationP)
  }

  private typealias Test = (resampled: [Double], randomisationP: Double)

  /// Per query, the mean over a's seeds minus that over b's. `rsum`: the text → visual direction.
  private func perQuery(_ metric: Metric) -> [Double] {
    let wanted = metric == .recallSum ? Scoring.summed : [[.medianRank, .medianRankFloor].contains(metric.kind) ? .meanRank : metric]
    let sides = [a, b].map { runs in Self.contributions(runs.map { $0.forward(ties) }, wanted) }
    return zip(sides[0], sides[1]).map { Self.difference($0, $1) }
  }

  /// Sums of the same terms in another order differ in their last digits: that is no difference.
  private static func difference(_ a: Double, _ b: Double) -> Double {
    abs(a - b) <= 1e-9 * max(1, abs(a)) ? 0 : a - b
  }

  /// What each query adds to a mean, seeds averaged, several metrics added. `[Q]`
  private static func contributions(_ runs: [MetricSamples], _ metrics: [Metric]) -> [Double] {
    var sums: [Double] = []
    for run in runs {
      for metric in metrics {
        guard case .mean(let values, _, let scale) = run.sample(metric).kind else { continue }
        if sums.isEmpty { sums = [Double](repeating: 0, count: values.count) }
        for (query, value) in values.enumerated() { sums[query] += scale * value / Double(runs.count) }
      }
    }
    return sums
  }

  /// Metrics that are means over queries: differences are resampled, and their signs flipped, block by block.
  private func means(_ metric: Metric) throws -> Test {
    let forward = perQuery(metric)
    let blocks = a[0].ranked.blocks
    var resampled = Bootstrap.resampled(
      [.mean(forward)], blocks: blocks, seed: seed, purpose: "queries", resamples: rounds)[0]
    var units = blocks.sums(forward).map { $0 / Double(forward.count) }
    if metric == .recallSum, let otherBlocks = a[0].ranked.reverseBlocks {
      let sides = [a, b].map { runs in Self.contributions(runs.compactMap { $0.reverse(ties) }, Scoring.summed) }
      guard sides[0].count == sides[1].count, (a + b).allSatisfy({ $0.ranked.reverseBlocks == otherBlocks }) else {
        throw IeumError(.data, "the two did not rank the same items in the other direction")
      }
      let reverse = zip(sides[0], sides[1]).map { Self.difference($0, $1) }
      let other = Bootstrap.resampled(
        [.mean(reverse)], blocks: otherBlocks, seed: seed, purpose: "gallery", resamples: rounds)[0]
      resampled = zip(resampled, other).map { $0 + $1 }
      units += otherBlocks.sums(reverse).map { $0 / Double(reverse.count) }
    }
    return (resampled, Significance.randomisationP(units, seed: seed, rounds: rounds))
  }

  /// The median rank is no mean: medians are taken anew of every resample and after every swap. Seed i of a swaps with
  /// seed i of b; where their numbers differ both are repeated up to the least common multiple.
  private func medians(floored: Bool) throws -> Test {
    let count = a.count == b.count ? a.count : a.count * b.count
    let pairs = (0..<count).map { i in
      MedianPair(a[i % a.count].forward(ties).ranks, b[i % b.count].forward(ties).ranks)
    }
    let blocks = a[0].ranked.blocks
    let samples = pairs.flatMap { [$0.a, $0.b].map { Sample.median($0.enumerated().map { ($1, $0) }, floored: floored) } }
    let drawn = Bootstrap.resampled(samples, blocks: blocks, seed: seed, purpose: "queries", resamples: rounds)
    let resampled = (0..<rounds).map { r in
      // Types are written out: without them this line alone takes four seconds to compile.
      stride(from: 0, to: drawn.count, by: 2).reduce(0.0) { (sum: Double, i: Int) -> Double in
        sum + drawn[i][r] - drawn[i + 1][r]
      } / Double(count)
    }
    let differs = blocks.sums(
      a[0].forward(ties).ranks.indices.map { query in pairs.contains { $0.a[query] != $0.b[query] } ? 1 : 0 })
    let unitOf = Self.numbered(differs.map { $0 > 0 })
    let units = blocks.blockOf.map { unitOf[$0] }
    let p = Significance.randomisationP(
      units: (unitOf.max() ?? -1) + 1, seed: seed, rounds: rounds
    ) { swaps in
      pairs.reduce(0) { $0 + $1.difference(swaps, units, floored: floored) } / Double(count)
    }
    return (resampled, p)
  }

  /// Numbers those that are wanted from 0, the others −1.
  private static func numbered(_ wanted: [Bool]) -> [Int] {
    var next = 0
    return wanted.map { isWanted in
      guard isWanted else { return -1 }
      next += 1
      return next - 1
    }
  }

  private static func cohen(_ differences: [Double]) -> Double? {
    guard let spread = Spread(of: differences), spread.std > 0 else { return nil }
    return spread.mean / spread.std
  }
}

/// The ranks of two systems by one seed, sorted once so that the medians after a swap are found by walking.
private struct MedianPair {
  let a: [Double]
  let b: [Double]
  /// Rank, query, and whether it is b's; ascending by rank.
  private let entries: [(rank: Double, query: Int, isB: Bool)]

  init(_ a: [Double], _ b: [Double]) {
    (self.a, self.b) = (a, b)
    entries = (a.enumerated().map { ($1, $0, false) } + b.enumerated().map { ($1, $0, true) })
      .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
  }

  /// Median of the first system minus that of the second when the units that are true are swapped; unit −1 never is.
  func difference(_ swaps: UnsafeMutableBufferPointer<Bool>, _ units: [Int], floored: Bool) -> Double {
    var passed = (0, 0)
    var sums = (0.0, 0.0)
    let (low, high) = ((a.count - 1) / 2, a.count / 2)
    for entry in entries {
      let unit = units[entry.query]
      if entry.isB != (unit >= 0 && swaps[unit]) {
        if passed.1 == low { sums.1 += entry.rank }
        if passed.1 == high { sums.1 += entry.rank }
        passed.1 += 1
      } else {
        if passed.0 == low { sums.0 += entry.rank }
        if passed.0 == high { sums.0 += entry.rank }
        passed.0 += 1
      }
      if passed.0 > high, passed.1 > high { break }
    }
    let medians = (sums.0 / 2, sums.1 / 2)
    return floored ? medians.0.rounded(.down) - medians.1.rounded(.down) : medians.0 - medians.1
  }
}
