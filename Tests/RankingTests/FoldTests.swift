import Basics
import Ranking
import Testing

/// Several galleries, and galleries of which a part has no vectors.
@Suite struct FoldTests {
  private let metrics = ["R@1", "MedR", "MnR"]

  private func result(_ scores: [[Float]], absent: AbsentRows? = nil, ties: TiePolicy = .expected) throws -> RankingResult {
    let problem = try matrixProblem(scores, relevant: Array(scores.indices))
    return try RankingEvaluator.evaluate(
      problem, similarity: .dot, ties: ties, metrics: metrics.map(Metric.parse), absent: absent)
  }

  @Test func metricsAreMeansOverTheFolds() throws {
    // Ranks 1, 1 among two; 2, 1, 3 among three.
    let parts = [try result([[1, 0], [0, 1]]), try result([[1, 2, 0], [0, 1, 0], [5, 4, 3]])]
    let joined = RankingResult(folds: parts)
    #expect(joined.queries == 5 && joined.ranks.expected == [1, 1, 2, 1, 3])
    #expect(isClose(joined["R@1"], (100 + 100.0 / 3) / 2) && isClose(joined["MedR"], 1.5) && isClose(joined["MnR"], 1.5))
    for value in FoldMeans(parts).metrics { #expect(isClose(joined[value.metric], value.value)) }
    // From the stored ranks the same comes out again, intervals too.
    let again = joined.ranked.values(joined.metrics.map(\.metric), ties: .expected)
    #expect(again == joined.metrics)
    #expect(try RankedQueries.intervals(of: [joined.ranked], joined.metrics.map(\.metric), ties: .expected) == joined.ci95)
    #expect(isClose(Chance.expected(try Metric.parse("R@1"), of: joined.ranked), (50 + 100.0 / 3) / 2))
    #expect(joined.ranked.folds == RankedQueries.Folds(forward: [0, 0, 1, 1, 1]))
  }

  @Test func tiesOfAnyFoldAreTold() throws {
    let joined = RankingResult(folds: [try result([[1, 0], [0, 1]]), try result([[1, 1], [0, 1]])])
    #expect(joined.tiedQueries == 1)
    let optimistic = joined.policies.first { $0.policy == .optimistic }?.metrics.first?.value
    let pessimistic = joined.policies.first { $0.policy == .pessimistic }?.metrics.first?.value
    #expect(optimistic == 100 && pessimistic == 75)
  }

  /// Three of five items have a vector: what knows nothing finds them among three, and the others last of five.
  @Test func chanceKnowsWhatIsAbsent() throws {
    let absent = AbsentRows(candidates: 2, relevant: [0, 0, 0], unrankedQueries: [1, 1])
    let one = try result([[3, 1, 2], [1, 3, 2], [1, 2, 3]], absent: absent)
    #expect(isClose(one["R@1"], 60) && isClose(one["MnR"], (3 + 2 * 5) / 5.0))
    #expect(isClose(Chance.expected(try Metric.parse("R@1"), of: one.ranked), 20))
    #expect(isClose(Chance.expected(try Metric.parse("R@3"), of: one.ranked), 60))
    #expect(isClose(Chance.expected(try Metric.parse("MnR"), of: one.ranked), (3 * 2 + 2 * 5) / 5.0))
    // All tied is chance: both are ranked by the same rules.
    let tied = try result([[1, 1, 1], [1, 1, 1], [1, 1, 1]], absent: absent)
    for value in tied.metrics { #expect(isClose(Chance.expected(value.metric, of: tied.ranked), value.value), "\(value)") }
    #expect(tied.ranked.present == PresentRows(gallery: [3, 3, 3, 0, 0], relevant: [1, 1, 1, 0, 0]))
  }

  /// A query of several relevant items, one of them absent.
  @Test func chanceWithAbsentRelevantItems() throws {
    let problem = try matrixProblem([[1, 1], [1, 1]], relevant: [0, 1])
    let absent = AbsentRows(candidates: 2, relevant: [0, 1], unrankedQueries: [1])
    let wanted = try ["R@1", "recall@2", "mAP"].map(Metric.parse)
    let tied = try RankingEvaluator.evaluate(problem, similarity: .dot, metrics: wanted, absent: absent)
    for value in tied.metrics { #expect(isClose(Chance.expected(value.metric, of: tied.ranked), value.value), "\(value)") }
  }
}
