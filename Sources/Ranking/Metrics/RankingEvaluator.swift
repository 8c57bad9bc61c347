import Basics

/// From embeddings and ground truth to metrics: exact ranks whatever the tile size, ties included.
///
/// ```swift
/// let problem = try RankingProblem(queries: texts, gallery: images, dimension: 256, relevant: Array(0..<1000))
/// let result = try RankingEvaluator.evaluate(problem, similarity: .cosine, metrics: [Metric.parse("R@1")])
/// print(result.json())
/// ```
public enum RankingEvaluator {
  /// - Parameters:
  ///   - ties: the policy of the reported metrics; the three standard ones stand in the result where they differ.
  ///   - metrics: in the order wanted, repetitions dropped; empty = ``Metric/defaults(hasExclude:)``.
  ///   - rescoring: a change of all scores; named in the result.
  ///   - absent: what the task lists but has no vector; counted as misses.
  ///   - depth: places that are retrieved at all (the K of a K-nearest-neighbour search): `R@K`, `cappedR@K` and
  ///     `recall@K` count no hit beyond it; ranks and the other metrics read the whole order.
  ///   - tile: rows of a product; changes speed and memory only.
  ///   - seed: of the bootstrap and of the orders behind `mAP@K-found`.
  /// - Throws: ``IeumError`` (usage) for a metric that a compatibility policy does not define, or for `rsum` where only
  ///   one direction is ranked (rescoring, absent rows); (data) for a query bank of another width.
  public static func evaluate(
    _ problem: RankingProblem, similarity: Similarity = .cosine, ties: TiePolicy = .expected, metrics: [Metric] = [],
    rescoring: Rescoring? = nil, absent: AbsentRows? = nil, depth: Int? = nil, tile: Tile = .standard,
    seed: UInt64 = 0
  ) throws -> RankingResult {
    let oneWay = rescoring != nil || absent != nil
    let wanted = try wantedMetrics(metrics, ties, hasExclude: !problem.hasReverse || oneWay)
    if oneWay, wanted.contains(.recallSum) {
      throw IeumError(
        .usage, "rsum needs both directions, and only one is ranked \(rescoring.map { "under \($0.name)" } ?? "with items missing")",
        remedy: "ask for R@K, MedR or MnR")
    }
    let counted = try counts(
      problem, similarity, rescoring, absent, allLevels: !wanted.allSatisfy(\.needsBestOnly),
      reverse: problem.hasReverse && wanted.contains(.recallSum), tile: tile)
    let score = Scoring(forward: counted.forward, reverse: counted.reverse, seed: seed, depth: depth ?? .max)
    let values = score.values(wanted, ties)
    return RankingResult(
      similarity: similarity, rescoring: rescoring.map(RescoringLabel.init), policy: ties, metrics: values,
      queries: counted.forward.count, gallery: problem.galleryCount + (absent?.candidates ?? 0),
      tiedQueries: (0..<counted.forward.count).count { counted.forward.best($0).tied > 0 },
      policies: differing(wanted, ties, values, score), ci95: score.intervals(wanted, ties),
      zeroVectors: counted.zeroVectors, ranks: QueryRanks(counted.forward), levels: counted.forward)
  }

  private static func counts(
    _ problem: RankingProblem, _ similarity: Similarity, _ rescoring: Rescoring?, _ absent: AbsentRows?,
    allLevels: Bool, reverse: Bool, tile: Tile
  ) throws -> (forward: QueryLevels, reverse: QueryLevels?, zeroVectors: Int) {
    var counted: (forward: QueryLevels, reverse: QueryLevels?, zeroVectors: Int)
    if let rescoring {
      try rescoring.check(problem, similarity)
      let lines = RescoredCounter.count(problem, similarity, rescoring, allLevels: allLevels)
      counted = (lines.levels, nil, lines.zeroVectors)
    } else {
      counted = TiledCounter.count(problem, similarity, allLevels: allLevels, reverse: reverse, tile: tile)
    }
    if let absent {
      precondition(absent.relevant.count == problem.queryCount, "one entry per ranked query")
      counted.forward = absent.added(to: counted.forward, gallery: problem.galleryCount)
    }
    return counted
  }

  private static func wantedMetrics(_ metrics: [Metric], _ ties: TiePolicy, hasExclude: Bool) throws -> [Metric] {
    if metrics.isEmpty { return Metric.defaults(hasExclude: hasExclude) }
    var seen: Set<Metric> = []
    let wanted = metrics.filter { seen.insert($0).inserted }
    if ties.isCompatibility, let other = wanted.first(where: { !$0.existsInOtherCode }) {
      throw IeumError(
        .usage, "metric '\(other)' does not exist under the tie policy '\(ties.rawValue)'",
        remedy: "ask for R@K, MedR, MnR or rsum, or use --ties expected")
    }
    return wanted
  }

  /// The wanted metrics under each standard policy, if any of them differs.
  private static func differing(
    _ metrics: [Metric], _ ties: TiePolicy, _ values: [MetricValue], _ score: Scoring
  ) -> [PolicyValues] {
    if !score.hasTies { return [] }
    let all = TiePolicy.standard.map { policy in
      PolicyValues(policy: policy, metrics: policy == ties ? values : score.values(metrics, policy))
    }
    let same = all.dropFirst().allSatisfy { other in other.metrics.map(\.value) == all[0].metrics.map(\.value) }
    return same ? [] : all
  }
}

/// Metric values and intervals from the levels of both directions.
struct Scoring {
  let forward: QueryLevels
  let reverse: QueryLevels?
  let seed: UInt64
  private let depth: Int
  private let tables: RankTables

  init(forward: QueryLevels, reverse: QueryLevels?, seed: UInt64, depth: Int = .max) {
    self.depth = depth
    self.forward = forward
    self.reverse = reverse
    self.seed = seed
    tables = RankTables(places: max(forward.galleryCounts.max() ?? 0, reverse?.galleryCounts.max() ?? 0))
  }

  var hasTies: Bool {
    [forward, reverse].contains { $0?.levels.contains { $0.tied > 0 } == true }
  }

  private static let summed = [1, 5, 10].map { Metric.recall(at: $0) }

  func values(_ metrics: [Metric], _ policy: TiePolicy) -> [MetricValue] {
    let samples = MetricSamples(forward, policy, tables: tables, seed: seed, depth: depth)
    let other = reverse.map { MetricSamples($0, policy, tables: tables, seed: seed, depth: depth) }
    return metrics.map { metric in
      guard metric == .recallSum else { return MetricValue(metric: metric, value: samples.sample(metric).value) }
      let sums = [samples, other].compactMap { side in
        side.map { side in Scoring.summed.reduce(0) { $0 + side.sample($1).value } }
      }
      return MetricValue(metric: metric, value: sums.reduce(0, +))
    }
  }

  /// Bootstrap over queries; `rsum` resamples the two directions separately.
  func intervals(_ metrics: [Metric], _ policy: TiePolicy) -> [MetricInterval] {
    let needsSum = metrics.contains(.recallSum)
    let plain = metrics.filter { $0 != .recallSum } + (needsSum ? Scoring.summed : [])
    let samples = MetricSamples(forward, policy, tables: tables, seed: seed, depth: depth)
    let drawn = Bootstrap.resampled(
      plain.map { samples.sample($0) }, count: forward.count, seed: seed, purpose: "queries")
    var sums = [Double](repeating: 0, count: needsSum ? Bootstrap.resamples : 0)
    if needsSum {
      let other = reverse.map { reverse in
        let side = MetricSamples(reverse, policy, tables: tables, seed: seed, depth: depth)
        return Bootstrap.resampled(
          Scoring.summed.map { side.sample($0) }, count: reverse.count, seed: seed, purpose: "gallery")
      }
      for values in drawn.suffix(3) + (other ?? []) { for r in sums.indices { sums[r] += values[r] } }
    }
    return metrics.map { metric in
      let values = plain.firstIndex(of: metric).map { drawn[$0] } ?? sums
      return MetricInterval(metric: metric, interval: Interval(percentilesOf: values))
    }
  }
}
