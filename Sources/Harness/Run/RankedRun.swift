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

  init(
    _ file: EmbeddingFile, _ settings: CellConfig.Evaluation, similarity: Similarity, depth: Int? = nil, seed: Int,
    folder: String, ranks name: String = "ranks.h5", absent: Absent? = nil
  ) throws {
    let problem = try RankingProblem(file)
    let wanted = try settings.metrics.map { try Metric.parse($0) }
    let result = try RankingEvaluator.evaluate(
      problem, similarity: similarity, ties: try TiePolicy.named(settings.ties), metrics: wanted, absent: absent?.rows,
      depth: depth, blocks: file.queryBlocks.map { QueryBlocks(labels: $0) })
    metrics = RankedRun.named(result.metrics)
    ci95 = Dictionary(
      result.ci95.map { ($0.metric.name, [$0.interval.low, $0.interval.high]) }, uniquingKeysWith: { $1 })
    chance = RankedRun.named(Chance.expected(wanted, for: problem))
    ceiling = RankedRun.named(Ceiling.exact(wanted, for: problem))
    tiedQueries = result.tiedQueries
    policies = Dictionary(
      result.policies.map { ($0.policy.rawValue, RankedRun.named($0.metrics)) }, uniquingKeysWith: { $1 })
    let names = file.queryIDs.map { $0 + (absent?.queryNames ?? []) }
    try RanksFile(queryIDs: names, seeds: [seed], runs: [result.ranked]).write(to: "\(folder)/\(name)")
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
  public init(_ embeddings: EmbeddingFile, file: String? = nil) throws {
    try self.init(
      queries: embeddings.queries, gallery: embeddings.gallery, dimension: embeddings.dimension,
      indptr: embeddings.relevanceOffsets, indices: embeddings.relevantRows, exclude: embeddings.exclude,
      groups: embeddings.galleryGroups, queryNames: embeddings.queryIDs, galleryNames: embeddings.galleryIDs, file: file)
  }
}
