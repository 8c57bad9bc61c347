import Basics

/// Turns the levels of all queries into the samples of a metric under one policy.
struct MetricSamples: Sendable {
  let levels: QueryLevels
  let policy: TiePolicy
  let tables: RankTables
  /// Places that are retrieved at all: a cut-off beyond it finds nothing more.
  let depth: Int

  init(_ levels: QueryLevels, _ policy: TiePolicy, tables: RankTables, depth: Int = .max) {
    self.levels = levels
    self.policy = policy
    self.tables = tables
    self.depth = depth
  }

  private func math(_ query: Int) -> LevelMath {
    LevelMath(levels: levels[query], relevantCount: levels.relevantCounts[query], policy: policy, tables: tables)
  }

  /// The rank of each query's best relevant item. `[Q]`
  var ranks: [Double] { each { $0.rank } }

  private func each(_ value: (LevelMath) -> Double) -> [Double] { (0..<levels.count).map { value(math($0)) } }

  /// The sample of any metric but `rsum`, which is a sum of three.
  func sample(_ metric: Metric) -> Sample {
    if policy == .clip4clip { return entrySample(metric) }
    let cutoff = metric.cutoff ?? 1
    let reached = min(cutoff, depth)
    switch metric.kind {
    case .hit, .recallSum: return .mean(each { $0.hit(reached) }, scale: 100)
    case .capped: return .mean(each { $0.hits(reached) / Double(min(cutoff, $0.relevantCount)) }, scale: 100)
    case .recall: return .mean(each { $0.hits(reached) / Double($0.relevantCount) }, scale: 100)
    case .medianRank: return .median((0..<levels.count).map { (math($0).rank, $0) })
    case .medianRankFloor: return .median((0..<levels.count).map { (math($0).rank, $0) }, floored: true)
    case .meanRank: return .mean(each { $0.rank })
    case .averagePrecision: return .mean(each { $0.averagePrecision(metric.cutoff) }, scale: 100)
    case .foundPrecision: return .mean(each { $0.foundPrecision(cutoff) }, scale: 100)
    case .precisionAtAll: return .mean(each { $0.hits($0.relevantCount) / Double($0.relevantCount) }, scale: 100)
    case .gain: return .mean(each { $0.gain(metric.cutoff) })
    case .reciprocalRank: return .mean(each { $0.reciprocalRank })
    }
  }

  /// CLIP4Clip's idiom: each place that ties with the best relevant item is an entry of its own.
  private func entrySample(_ metric: Metric) -> Sample {
    let bests = (0..<levels.count).map { levels.best($0) }
    let entries = bests.map { Double($0.size) }
    switch metric.kind {
    case .medianRank, .medianRankFloor:
      return .median(
        bests.enumerated().flatMap { query, best in (1...best.size).map { (Double(best.above + $0), query) } },
        floored: metric.kind == .medianRankFloor)
    case .meanRank:
      return .ratio(bests.map { Double($0.size) * (Double($0.above) + Double($0.size + 1) / 2) }, entries)
    default:
      let cutoff = metric.cutoff ?? 1
      return .ratio(bests.map { Double(min(max(cutoff - $0.above, 0), $0.size)) }, entries, scale: 100)
    }
  }
}
