import Basics
import Datasets
import Foundation
import HDF5
import Ranking

/// One side of a comparison: the ranks of a result cell (all its seeds) or of an embedding file.
public struct ComparableRun: Sendable {
  /// As it was named.
  public let name: String
  public let queryIDs: [String]?
  /// One per seed.
  public let runs: [RankedQueries]
  /// The metrics that the cell reports; empty for an embedding file.
  public let metrics: [Metric]
  /// The tie policy that the cell was evaluated under.
  public let ties: TiePolicy?
  /// Gallery ids and ground truth of an embedding file.
  private let truth: Truth?
  /// What a cell was measured on; nil for an embedding file.
  private let data: MeasuredData?

  private struct Truth: Sendable, Equatable {
    let offsets: [Int]
    let rows: [Int]
    let exclude: [Int]?
    let galleryIDs: [String]?
  }

  /// Finds what a user names: a cell's folder or `result.json`, a run's `ranks.h5`, an embedding file, or
  /// `EXPERIMENT/CELL` (the beginning of a cell's id is enough) below `results`.
  /// - Parameters:
  ///   - metrics: what an embedding file is ranked for.
  ///   - label: what messages call it; nil = as it was named.
  ///   - direction: of a cell that ranks in several, one other than the first.
  ///   - similarity: how an embedding file is ranked.
  /// - Throws: ``IeumError`` (data) when there is no such thing, or it holds no ranks.
  public static func load(
    _ place: String, as label: String? = nil, results: String = "results", direction: String? = nil, metrics: [Metric],
    similarity: Similarity
  ) throws -> ComparableRun {
    let path = try located(place, results: results)
    let name = label ?? place
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    if isFolder.boolValue { return try cell(name, folder: path, direction) }
    if path.hasSuffix("/result.json") || path == "result.json" {
      return try cell(name, folder: URL(fileURLWithPath: path).deletingLastPathComponent().path, direction)
    }
    let file = try HDF5File(reading: path)
    let isEmbedding = file.exists("queries")
    try file.close()
    if isEmbedding { return try embedding(name, path, metrics, similarity) }
    let ranks = try RanksFile.read(path)
    return ComparableRun(
      name: name, queryIDs: ranks.queryIDs, runs: ranks.runs, metrics: [], ties: nil, truth: nil,
      data: MeasuredData(beside: path))
  }

  private static func located(_ name: String, results: String) throws -> String {
    if FileManager.default.fileExists(atPath: name) { return name }
    let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
    if parts.count == 2 {
      let folder = "\(results)/\(parts[0])/cells"
      let cells = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
      let found = cells.contains(parts[1]) ? [parts[1]] : cells.filter { $0.hasPrefix(parts[1]) }
      if found.count == 1 { return "\(folder)/\(found[0])" }
      if found.count > 1 {
        throw IeumError(
          .usage, "'\(name)' is the beginning of \(found.count) cells", remedy: "one of: \(found.joined(separator: ", "))")
      }
      if let near = Suggestion.nearest(to: parts[1], in: cells) {
        throw IeumError(.data, "there is no such cell", file: name, remedy: "did you mean '\(parts[0])/\(near)'?")
      }
    }
    throw IeumError(
      .data, "there is no such file or cell", file: name,
      remedy: "name a cell's folder, EXPERIMENT/CELL, or an embedding file")
  }

  private static func cell(_ name: String, folder: String, _ direction: String?) throws -> ComparableRun {
    let ranks = try RanksFile.read("\(folder)/\(RanksFile.name(direction))")
    let result = try? CellResult.read(folder + "/result.json")
    let keys = (result?.metrics.keys.sorted() ?? []).map { MetricKey($0) }
    let metrics = try keys.filter { $0.direction == direction }.map { try Metric.parse($0.metric) }
    return ComparableRun(
      name: name, queryIDs: ranks.queryIDs, runs: ranks.runs, metrics: metrics,
      ties: try result.map { try TiePolicy.named($0.ties.policy) }, truth: nil, data: result.map { MeasuredData($0) })
  }

  private static func embedding(
    _ name: String, _ path: String, _ metrics: [Metric], _ similarity: Similarity
  ) throws -> ComparableRun {
    let file = try EmbeddingFile.read(path)
    let result = try RankingEvaluator.evaluate(
      try RankingProblem(file, file: path), similarity: similarity, metrics: metrics,
      blocks: file.queryBlocks.map { QueryBlocks(labels: $0) })
    return ComparableRun(
      name: name, queryIDs: file.queryIDs, runs: [result.ranked], metrics: result.metrics.map(\.metric), ties: nil,
      truth: Truth(
        offsets: file.relevanceOffsets, rows: file.relevantRows, exclude: file.exclude, galleryIDs: file.galleryIDs),
      data: nil)
  }

  /// - Throws: ``IeumError`` (data) when the two did not answer the same queries on the same data.
  func requireSameQueries(as other: ComparableRun) throws {
    func refuse(_ problem: String, _ remedy: String = "compare results over the same queries in the same order") -> IeumError {
      IeumError(.data, "'\(name)' and '\(other.name)' cannot be paired: \(problem)", remedy: remedy)
    }
    let counts = [self, other].map { $0.runs.first?.forward.count ?? 0 }
    guard counts[0] == counts[1] else { throw refuse("they have \(counts[0]) and \(counts[1]) queries") }
    if let mine = queryIDs, let theirs = other.queryIDs, let row = mine.indices.first(where: { mine[$0] != theirs[$0] }) {
      throw refuse("query \(row) is '\(mine[row])' here and '\(theirs[row])' there")
    }
    if let mine = truth, let theirs = other.truth, mine != theirs {
      throw refuse("their galleries or ground truths differ")
    }
    if let mine = data, let theirs = other.data, let gap = mine.difference(from: theirs) {
      throw refuse("they were measured on different data (\(gap.part) \(gap.mine) and \(gap.theirs))", "run both on the same")
    }
  }
}
