import Basics
import Datasets
import Foundation
import HDF5
import Ranking

/// Metrics of one run's embedding file, with the rank of every query stored beside it.
struct RankedRun {
  let metrics: [String: Double]
  let ci95: [String: [Double]]
  let tiedQueries: Int

  init(
    _ file: EmbeddingFile, _ settings: CellConfig.Evaluation, similarity: Similarity, depth: Int? = nil, folder: String,
    ranks name: String = "ranks.h5", absent: Absent? = nil
  ) throws {
    let problem = try RankingProblem(
      queries: file.queries, gallery: file.gallery, dimension: file.dimension, indptr: file.relevanceOffsets,
      indices: file.relevantRows, exclude: file.exclude, groups: file.galleryGroups, queryNames: file.queryIDs,
      galleryNames: file.galleryIDs)
    let result = try RankingEvaluator.evaluate(
      problem, similarity: similarity, ties: try TiePolicy.named(settings.ties),
      metrics: try settings.metrics.map { try Metric.parse($0) }, absent: absent?.rows, depth: depth)
    metrics = Dictionary(result.metrics.map { ($0.metric.name, $0.value) }, uniquingKeysWith: { $1 })
    ci95 = Dictionary(
      result.ci95.map { ($0.metric.name, [$0.interval.low, $0.interval.high]) }, uniquingKeysWith: { $1 })
    tiedQueries = result.tiedQueries
    let names = file.queryIDs.map { $0 + (absent?.queryNames ?? []) }
    try RankedRun.write(result.ranks, names, to: "\(folder)/\(name)")
  }

  /// What the task lists but has no vector: it stays in the gallery and in every divisor.
  struct Absent {
    let rows: AbsentRows
    /// Names of the queries that cannot be ranked.
    let queryNames: [String]
  }

  /// `/query_ids` and the rank of each query under the three policies, for significance tests.
  private static func write(_ ranks: QueryRanks, _ names: [String]?, to path: String) throws {
    let temporary = try AtomicFile.temporaryPath(for: path)
    let output = try HDF5File(creating: temporary)
    if let ids = names { try output.write("query_ids", strings: ids) }
    for (name, values) in [
      ("expected", ranks.expected), ("optimistic", ranks.optimistic), ("pessimistic", ranks.pessimistic),
    ] {
      try output.write(name, floats: values.map { Float($0) }, shape: [values.count])
    }
    try output.close()
    try AtomicFile.commit(temporary, to: path)
  }

  /// What scores without any information reach: every gallery item tied.
  static func chance(
    _ settings: CellConfig.Evaluation, file: EmbeddingFile
  ) throws -> [String: Double] {
    let problem = try RankingProblem(
      queries: file.queries, gallery: file.gallery, dimension: file.dimension, indptr: file.relevanceOffsets,
      indices: file.relevantRows, exclude: file.exclude, groups: file.galleryGroups)
    let values = Chance.expected(try settings.metrics.map { try Metric.parse($0) }, for: problem)
    return Dictionary(values.map { ($0.metric.name, $0.value) }, uniquingKeysWith: { $1 })
  }
}
