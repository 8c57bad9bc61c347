import Basics
import Datasets
import Ranking

/// Ranks an embedding file: as one gallery, by groups, or fold by fold.
public enum FileEvaluation {
  /// - Parameters:
  ///   - protocolName: `v2t-grouped` ranks groups of gallery rows (`/gallery_groups`); `v2t-flat`, `t2v` and nil rank rows.
  ///   - querybank: training queries in place of the file's own.
  /// - Throws: ``IeumError`` (usage) for a protocol that a file alone cannot follow, (data) for a file that lacks
  ///   what it needs.
  public static func results(
    _ path: String, protocolName: String? = nil, querybank: [Float]? = nil, settings: EvaluationSettings
  ) throws -> [RankingResult] {
    try results(
      try EmbeddingFile.read(path), path: path, protocolName: protocolName, querybank: querybank, settings: settings)
  }

  /// The same for embeddings in memory; `path` is for messages.
  public static func results(
    _ file: EmbeddingFile, path: String = "embeddings", protocolName: String? = nil, querybank: [Float]? = nil,
    settings: EvaluationSettings
  ) throws -> [RankingResult] {
    let groups = try groups(of: file, path, protocolName)
    let bank = querybank ?? file.querybank
    guard let folds = file.folds else {
      return [try settings.evaluate(try problem(file, groups, path), bank: bank, file: path, blocks: file.queryBlocks)]
    }
    return try Set(folds.queries).sorted().map { fold in
      let part = try file.fold(fold, folds)
      return try settings.evaluate(try problem(part, nil, path), bank: bank, file: path, blocks: part.queryBlocks)
    }
  }

  private static func groups(of file: EmbeddingFile, _ path: String, _ name: String?) throws -> [Int]? {
    switch name {
    case nil, "t2v", "v2t-flat": return nil
    case "v2t-grouped":
      guard let groups = file.galleryGroups else {
        throw IeumError(
          .data, "holds no groups", file: path, place: "gallery_groups",
          remedy: "write /gallery_groups [G], the group (video) of each gallery row, from 0")
      }
      guard file.folds == nil else {
        throw IeumError(.usage, "groups and folds cannot be used together", file: path, place: "--protocol v2t-grouped")
      }
      return groups
    case .some(let other):
      let known = ["t2v", "v2t-flat", "v2t-grouped"]
      if RetrievalProtocol(rawValue: other) != nil || HashingProtocol(rawValue: other) != nil {
        throw IeumError(
          .usage, "the protocol '\(other)' needs a dataset", place: "--protocol",
          remedy: "give --dataset, --texts and --items; a file alone can follow \(known.joined(separator: ", "))")
      }
      throw Suggestion.unknown("protocol", other, known: known)
    }
  }

  private static func problem(_ file: EmbeddingFile, _ groups: [Int]?, _ path: String) throws -> RankingProblem {
    try RankingProblem(
      queries: file.queries, gallery: file.gallery, dimension: file.dimension, indptr: file.relevanceOffsets,
      indices: file.relevantRows, exclude: file.exclude, groups: groups, queryNames: file.queryIDs,
      galleryNames: file.galleryIDs, file: path)
  }
}

extension EmbeddingFile {
  /// The rows of one fold.
  fileprivate func fold(_ fold: Int, _ folds: Folds) throws -> EmbeddingFile {
    let queryRows = folds.queries.indices.filter { folds.queries[$0] == fold }
    let galleryRows = folds.gallery.indices.filter { folds.gallery[$0] == fold }
    let place = Dictionary(uniqueKeysWithValues: galleryRows.enumerated().map { ($1, $0) })
    func rows(_ values: [Float], _ rows: [Int]) -> [Float] {
      rows.flatMap { values[($0 * dimension)..<(($0 + 1) * dimension)] }
    }
    let relevant = try queryRows.map { query in
      try relevantRows[relevanceOffsets[query]..<relevanceOffsets[query + 1]].map { row in
        guard let place = place[row] else {
          throw IeumError(
            .data, "query \(query) of fold \(fold) wants gallery row \(row) of fold \(folds.gallery[row])",
            place: "query_folds", remedy: "put a query and its relevant rows into one fold")
        }
        return place
      }
    }
    var part = EmbeddingFile(
      queries: rows(queries, queryRows), gallery: rows(gallery, galleryRows), dimension: dimension, relevant: relevant,
      queryIDs: queryIDs.map { ids in queryRows.map { ids[$0] } },
      galleryIDs: galleryIDs.map { ids in galleryRows.map { ids[$0] } },
      exclude: exclude.map { all in queryRows.map { place[all[$0]] ?? -1 } })
    part.queryBlocks = queryBlocks.map { blocks in queryRows.map { blocks[$0] } }
    return part
  }
}
