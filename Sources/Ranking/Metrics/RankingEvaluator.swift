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
  ///   - blocks: queries that the bootstrap draws together; nil = those whose one relevant item is the same.
  ///   - seed: of the bootstrap.
  /// - Throws: ``IeumError`` (usage) for a metric that a compatibility policy does not define, or for `rsum` where only
  ///   one direction is ranked (rescoring, absent rows); (data) for a query bank of another width.
  public static func evaluate(
    _ problem: RankingProblem, similarity: Similarity = .cosine, ties: TiePolicy = .expected, metrics: [Metric] = [],
    rescoring: Rescoring? = nil, absent: AbsentRows? = nil, depth: Int? = nil, tile: Tile = .standard,
    blocks: QueryBlocks? = nil, seed: UInt64 = 0
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
    let own = blocks ?? problem.sharedItemBlocks
    let ranked = RankedQueries(
      forward: counted.forward, reverse: counted.reverse, blocks: own.extended(to: counted.forward.count),
      reverseBlocks: counted.reverse == nil ? nil : problem.reverseBlocks, depth: depth, present: counted.present)
    let score = Scoring(ranked, seed: seed)
    let values = Stages.time("metrics") { score.values(wanted, ties) }
    return RankingResult(
      similarity: similarity, rescoring: rescoring.map(RescoringLabel.init), policy: ties, metrics: values,
      queries: counted.forward.count, gallery: problem.galleryCount + (absent?.candidates ?? 0),
      tiedQueries: ranked.tiedQueries, policies: differing(wanted, ties, values, score),
      ci95: Stages.time("confidence intervals") { score.intervals(wanted, ties) }, zeroVectors: counted.zeroVectors, ranked: ranked)
  }

  private static func counts(
    _ problem: RankingProblem, _ similarity: Similarity, _ rescoring: Rescoring?, _ absent: AbsentRows?,
    allLevels: Bool, reverse: Bool, tile: Tile
  ) throws -> (forward: QueryLevels, reverse: QueryLevels?, zeroVectors: Int, present: PresentRows?) {
    var counted: (forward: QueryLevels, reverse: QueryLevels?, zeroVectors: Int, present: PresentRows?)
    if let rescoring {
      try rescoring.check(problem, similarity)
      let lines = RescoredCounter.count(problem, similarity, rescoring, allLevels: allLevels)
      counted = (lines.levels, nil, lines.zeroVectors, nil)
    } else {
      let lines = TiledCounter.count(problem, similarity, allLevels: allLevels, reverse: reverse, tile: tile)
      counted = (lines.forward, lines.reverse, lines.zeroVectors, nil)
    }
    if let absent {
      precondition(absent.relevant.count == problem.queryCount, "one entry per ranked query")
      counted.present = PresentRows(counted.forward, unranked: absent.unrankedQueries.count)
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
  static func differing(
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
