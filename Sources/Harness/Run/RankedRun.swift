import Basics
import Datasets
import Ranking

/// Metrics of one run's embedding file, with chance and ceiling; the ranks behind them go into `ranks.h5`.
struct RankedRun {
  let metrics: [String: Double]
  let ci95: [String: [Double]]
  let chance: [String: Double]
  let ceiling: [String: Double]
  let tiedQueries: Int
  /// Tie policy → metric → value; empty where ties change nothing.
  let policies: [String: [String: Double]]

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
  init(
    _ folds: [Fold], _ settings: CellConfig.Evaluation, similarity: Similarity, depth: Int? = nil, seed: Int,
    folder: String, ranks name: String = "ranks.h5"
  ) throws {
    let wanted = try settings.metrics.map { try Metric.parse($0) }
    let ties = try TiePolicy.named(settings.ties)
    let results = try folds.map { fold in
      try RankingEvaluator.evaluate(
        try RankingProblem(fold.file, groups: fold.file.galleryGroups), similarity: similarity, ties: ties,
        metrics: wanted, absent: fold.absent?.rows, depth: depth,
        blocks: fold.file.queryBlocks.map { QueryBlocks(labels: $0) })
    }
    let result = results.count == 1 ? results[0] : RankingResult(folds: results)
    metrics = RankedRun.named(result.metrics)
    ci95 = Dictionary(
      result.ci95.map { ($0.metric.name, [$0.interval.low, $0.interval.high]) }, uniquingKeysWith: { $1 })
    let ranked = result.ranked
    chance = RankedRun.named(wanted.map { MetricValue(metric: $0, value: Chance.expected($0, of: ranked)) })
    ceiling = RankedRun.named(wanted.map { MetricValue(metric: $0, value: Ceiling.exact($0, of: ranked)) })
    tiedQueries = result.tiedQueries
    policies = Dictionary(
      result.policies.map { ($0.policy.rawValue, RankedRun.named($0.metrics)) }, uniquingKeysWith: { $1 })
    let names = folds.flatMap { fold in (fold.file.queryIDs ?? []) + (fold.absent?.queryNames ?? []) }
    try RanksFile(
      queryIDs: folds[0].file.queryIDs == nil ? nil : names, seeds: [seed], runs: [result.ranked]
    ).write(to: "\(folder)/\(name)")
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
