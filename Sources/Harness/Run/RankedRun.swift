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
    ranks name: String = "ranks.h5"
  ) throws {
    let problem = try RankingProblem(
      queries: file.queries, gallery: file.gallery, dimension: file.dimension, indptr: file.relevanceOffsets,
      indices: file.relevantRows, exclude: file.exclude, queryNames: file.queryIDs, galleryNames: file.galleryIDs)
    let result = try RankingEvaluator.evaluate(
      problem, similarity: similarity, ties: try TiePolicy.named(settings.ties),
      metrics: try settings.metrics.map { try Metric.parse($0) }, depth: depth)
    metrics = Dictionary(result.metrics.map { ($0.metric.name, $0.value) }, uniquingKeysWith: { $1 })
    ci95 = Dictionary(
      result.ci95.map { ($0.metric.name, [$0.interval.low, $0.interval.high]) }, uniquingKeysWith: { $1 })
    tiedQueries = result.tiedQueries
    try RankedRun.write(result.ranks, file, to: "\(folder)/\(name)")
  }

  /// `/query_ids` and the rank of each query under the three policies, for significance tests.
  private static func write(_ ranks: QueryRanks, _ file: EmbeddingFile, to path: String) throws {
    let temporary = try AtomicFile.temporaryPath(for: path)
    let output = try HDF5File(creating: temporary)
    if let ids = file.queryIDs { try output.write("query_ids", strings: ids) }
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
      indices: file.relevantRows, exclude: file.exclude)
    let values = Chance.expected(try settings.metrics.map { try Metric.parse($0) }, for: problem)
    return Dictionary(values.map { ($0.metric.name, $0.value) }, uniquingKeysWith: { $1 })
  }
}
