/// What a ranking that knows nothing scores: all gallery items tied, mean over all orders, in closed form. Items without a
/// vector come last in it too.
public enum Chance {
  /// - Parameters:
  ///   - galleryPerQuery: ranked gallery items of each query (without an excluded one). `[Q]`
  ///   - relevantCounts: relevant items of each query, 1 … gallery. `[Q]`
  ///   - reverse: the same two for the other direction, which `rsum` adds.
  public static func expected(
    _ metric: Metric, galleryPerQuery: [Int], relevantCounts: [Int],
    reverse: (galleryPerQuery: [Int], relevantCounts: [Int])? = nil
  ) -> Double {
    let other = reverse.map { QueryLevels(allTied: $0.galleryPerQuery, relevantCounts: $0.relevantCounts) }
    let levels = QueryLevels(allTied: galleryPerQuery, relevantCounts: relevantCounts)
    return Scoring(RankedQueries(forward: levels, reverse: other), seed: 0).values([metric], .expected)[0].value
  }

  /// Chance for the queries and gallery of a stored ranking.
  public static func expected(_ metric: Metric, of ranked: RankedQueries) -> Double {
    let reverse = metric == .recallSum ? ranked.reverse : nil
    let unknowing = RankedQueries(
      forward: ranked.forward.unknowing(ranked.present), reverse: reverse?.unknowing(ranked.reversePresent), folds: ranked.folds)
    return unknowing.values([metric], ties: .expected)[0].value
  }

  /// Chance for the queries, gallery and relevance of a problem; empty metrics = the defaults.
  public static func expected(_ metrics: [Metric], for problem: RankingProblem) -> [MetricValue] {
    values(metrics, for: problem) { QueryLevels(allTied: $0, relevantCounts: $1) }
  }

  static func values(
    _ metrics: [Metric], for problem: RankingProblem, levels: ([Int], [Int]) -> QueryLevels
  ) -> [MetricValue] {
    let wanted = metrics.isEmpty ? Metric.defaults(hasExclude: !problem.hasReverse) : metrics
    let forward = levels(
      (0..<problem.queryCount).map { problem.galleryCount(for: $0) },
      (0..<problem.queryCount).map { problem.relevant(to: $0).count })
    var reverse: QueryLevels?
    if problem.hasReverse, wanted.contains(.recallSum) {
      let pointers = problem.reverseRelevance.indptr
      let counts = zip(pointers, pointers.dropFirst()).map { $1 - $0 }.filter { $0 > 0 }
      reverse = levels([Int](repeating: problem.queryCount, count: counts.count), counts)
    }
    return Scoring(RankedQueries(forward: forward, reverse: reverse), seed: 0).values(wanted, .expected)
  }
}

/// What a perfect ranking scores: every relevant item above all others. Below 100 % where more items are relevant than
/// the cut-off lets in (`recall@K`).
public enum Ceiling {
  /// The best for the queries and gallery of a stored ranking.
  public static func exact(_ metric: Metric, of ranked: RankedQueries) -> Double {
    func perfect(_ levels: QueryLevels) -> QueryLevels {
      QueryLevels(perfect: levels.galleryCounts, relevantCounts: levels.relevantCounts)
    }
    let best = RankedQueries(
      forward: perfect(ranked.forward), reverse: ranked.reverse.map(perfect), folds: ranked.folds)
    return best.values([metric], ties: .expected)[0].value
  }

  /// The best that any ranking reaches on a problem; empty metrics = the defaults.
  public static func exact(_ metrics: [Metric], for problem: RankingProblem) -> [MetricValue] {
    Chance.values(metrics, for: problem) { QueryLevels(perfect: $0, relevantCounts: $1) }
  }
}
