/// One metric and its value, in the metric's unit.
public struct MetricValue: Sendable, Equatable {
  public let metric: Metric
  public let value: Double

  public init(metric: Metric, value: Double) {
    self.metric = metric
    self.value = value
  }
}

/// One metric and its 95 % interval over queries.
public struct MetricInterval: Sendable, Equatable {
  public let metric: Metric
  public let interval: Interval
}

/// All metrics under one tie policy.
public struct PolicyValues: Sendable, Equatable {
  public let policy: TiePolicy
  public let metrics: [MetricValue]
}

/// The 1-based rank of each query's best relevant item under the three standard policies. `[Q]` each
public struct QueryRanks: Sendable, Equatable {
  public let optimistic: [Double]
  public let expected: [Double]
  public let pessimistic: [Double]

  init(_ levels: QueryLevels) {
    let ranks = { (policy: TiePolicy) in (0..<levels.count).map { LevelMath.rank(levels.best($0), policy) } }
    optimistic = ranks(.optimistic)
    expected = ranks(.expected)
    pessimistic = ranks(.pessimistic)
  }
}

/// A ``Rescoring`` as results name it.
public struct RescoringLabel: Sendable, Equatable {
  public let name: String
  public let scale: Double
  public let sees: String

  init(_ rescoring: Rescoring) { (name, scale, sees) = (rescoring.name, rescoring.scale, rescoring.sees) }
}

/// What an evaluation found.
public struct RankingResult: Sendable {
  public let similarity: Similarity
  /// The change of all scores before ranking, if there was one: such numbers are not comparable with plain ones.
  public let rescoring: RescoringLabel?
  /// The policy of ``metrics`` and ``ci95``.
  public let policy: TiePolicy
  /// In the order asked for.
  public let metrics: [MetricValue]
  public let queries: Int
  public let gallery: Int
  /// Queries whose best relevant item ties with a non-relevant one.
  public let tiedQueries: Int
  /// The metrics under each standard policy; empty where ties change nothing.
  public let policies: [PolicyValues]
  public let ci95: [MetricInterval]
  /// Rows of either side that are zero.
  public let zeroVectors: Int
  /// The counts behind the ranks, and the blocks of queries behind the intervals.
  public let ranked: RankedQueries
  public var ranks: QueryRanks { ranked.ranks }
  public var levels: QueryLevels { ranked.forward }

  /// A metric's value, if it was asked for.
  public subscript(metric: Metric) -> Double? { metrics.first { $0.metric == metric }?.value }

  /// A metric's value by name, if it was asked for.
  public subscript(name: String) -> Double? { metrics.first { $0.metric.name == name }?.value }
}
