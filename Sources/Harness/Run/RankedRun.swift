import Basics
import Datasets
import Ranking

/// Metrics of one run's embedding file, with chance and ceiling; the ranks behind them go into `ranks.h5`.
struct RankedRun {
  private(set) var metrics: [String: Double]
  private(set) var ci95: [String: [Double]]
  private(set) var chance: [String: Double]
  private(set) var ceiling: [String: Double]
  let tiedQueries: Int
  /// Tie policy → metric → value; empty where ties change nothing.
  private(set) var policies: [String: [String: Double]]
  private let ranked: RankedQueries
  private let ties: TiePolicy
  private let queryNames: [String]?

  /// What is ranked in one gallery.
  struct Fold {
    let file: EmbeddingFile
    var absent: Absent?
  }

  /// One gallery.
  init(
    _ file: EmbeddingFile, _ settings: CellConfig.Evaluation, similarity: Similarity, depth: Int? = nil, seed: Int,
    folder: String
  ) throws {
    try self.init([Fold(file: file)], settings, similarity: similarity, depth: depth, seed: seed, folder: folder)
  }

  /// Several galleries, metrics averaged over them.
  /// - Parameter metrics: nil = those of the settings.
  init(
    _ folds: [Fold], _ settings: CellConfig.Evaluation, metrics: [String]? = nil, similarity: Similarity,
    depth: Int? = nil, seed: Int, folder: String, ranks name: String = "ranks.h5"
  ) throws {
    let wanted = try (metrics ?? settings.metrics).map { try Metric.parse($0) }
    ties = try TiePolicy.named(settings.ties)
    let results = try folds.map { [ties] fold in
      try RankingEvaluator.evaluate(
        try RankingProblem(fold.file, groups: fold.file.galleryGroups), similarity: similarity, ties: ties,
        metrics: wanted, absent: fold.absent?.rows, depth: depth,
        blocks: fold.file.queryBlocks.map { QueryBlocks(labels: $0) })
    }
    let result = results.count == 1 ? results[0] : RankingResult(folds: results)
    self.metrics = RankedRun.named(result.metrics)
    ci95 = Dictionary(
      result.ci95.map { ($0.metric.name, [$0.interval.low, $0.interval.high]) }, uniquingKeysWith: { $1 })
    ranked = result.ranked
    let ranked = ranked
    chance = RankedRun.named(wanted.map { MetricValue(metric: $0, value: Chance.expected($0, of: ranked)) })
    ceiling = RankedRun.named(wanted.map { MetricValue(metric: $0, value: Ceiling.exact($0, of: ranked)) })
    tiedQueries = result.tiedQueries
    policies = Dictionary(
      result.policies.map { ($0.policy.rawValue, RankedRun.named($0.metrics)) }, uniquingKeysWith: { $1 })
    let names = folds.flatMap { fold in (fold.file.queryIDs ?? []) + (fold.absent?.queryNames ?? []) }
    queryNames = folds[0].file.queryIDs == nil ? nil : names
    try RanksFile(queryIDs: queryNames, seeds: [seed], runs: [ranked]).write(to: "\(folder)/\(name)")
  }

  /// Adds `rsum` over this direction and another one that was ranked; the file of ranks then holds both.
  mutating func addSum(over other: RankedRun, seed: Int, ranks path: String) throws {
    let both = RankedQueries(
      forward: ranked.forward, reverse: other.ranked.forward, blocks: ranked.blocks, reverseBlocks: other.ranked.blocks,
      depth: ranked.depth, present: ranked.present,
      folds: ranked.folds.map { RankedQueries.Folds(forward: $0.forward, reverse: other.ranked.folds?.forward) },
      reversePresent: other.ranked.present)
    let (sum, name) = (Metric.recallSum, Metric.recallSum.name)
    func value(_ policy: TiePolicy) -> Double? { both.values([sum], ties: policy).first?.value }
    metrics[name] = value(ties)
    ci95[name] = try RankedQueries.intervals(of: [both], [sum], ties: ties).first.map { [$0.interval.low, $0.interval.high] }
    (chance[name], ceiling[name]) = (Chance.expected(sum, of: both), Ceiling.exact(sum, of: both))
    for policy in [TiePolicy.expected, .optimistic, .pessimistic] where !(policies.isEmpty && other.policies.isEmpty) {
      policies[policy.rawValue, default: [:]][name] = value(policy)
    }
    try RanksFile(queryIDs: queryNames, seeds: [seed], runs: [both]).write(to: path)
  }

  /// What the task lists but has no vector: it stays in the gallery and in every divisor.
  struct Absent {
    let rows: AbsentRows
    /// Names of the queries that cannot be ranked.
    let queryNames: [String]
  }

  static func named(_ values: [MetricValue]) -> [String: Double] {
    Dictionary(values.map { ($0.metric.name, $0.value) }, uniquingKeysWith: { $1 })
  }
}

extension RankingProblem {
  /// The ranking task of an embedding file; `file` names it in messages.
  public init(_ embeddings: EmbeddingFile, groups: [Int]? = nil, file: String? = nil) throws {
    try self.init(
      queries: embeddings.queries, gallery: embeddings.gallery, dimension: embeddings.dimension,
      indptr: embeddings.relevanceOffsets, indices: embeddings.relevantRows, exclude: embeddings.exclude,
      groups: groups, queryNames: embeddings.queryIDs, galleryNames: embeddings.galleryIDs, file: file)
  }
}
