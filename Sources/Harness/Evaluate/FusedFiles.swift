import Basics
import Datasets
import Ranking

/// Late fusion of the scores of several embedding files of the same queries and gallery.
public struct FusedFiles {
  /// The fused embeddings, to be ranked by dot product.
  public let file: EmbeddingFile
  public let weights: [Double]

  /// - Throws: ``IeumError`` (data) for files whose queries, gallery or relevance differ.
  public init(
    _ paths: [String], weights: [Double], similarity: Similarity, normalisation: ScoreFusion.Normalisation
  ) throws {
    try self.init(FusedFiles.read(paths), weights, similarity, normalisation)
  }

  private init(
    _ files: [EmbeddingFile], _ weights: [Double], _ similarity: Similarity, _ normalisation: ScoreFusion.Normalisation
  ) throws {
    let fusion = try ScoreFusion(
      files.map { ScoreFusion.Part(queries: $0.queries, gallery: $0.gallery, dimension: $0.dimension) },
      weights: weights, similarity: similarity, normalisation: normalisation)
    var file = files[0]
    (file.queries, file.gallery, file.dimension) = (fusion.fused.queries, fusion.fused.gallery, fusion.fused.dimension)
    file.querybank = nil
    self.file = file
    self.weights = weights
  }

  private static func read(_ paths: [String]) throws -> [EmbeddingFile] {
    let files = try paths.map { try EmbeddingFile.read($0) }
    for (path, file) in zip(paths, files).dropFirst() {
      let first = files[0]
      guard file.queryIDs == first.queryIDs, file.galleryIDs == first.galleryIDs,
        file.relevanceOffsets == first.relevanceOffsets, file.relevantRows == first.relevantRows,
        file.exclude == first.exclude, file.galleryCount == first.galleryCount
      else {
        throw IeumError(
          .data, "has other queries, gallery rows or relevance than \(paths[0])", file: path,
          remedy: "fuse embeddings of the same rows in the same order")
      }
    }
    return files
  }

  /// The share of the second of two embeddings, of 0, 0.05 … 1, that gives the best R@1 + R@5 + R@10 on validation files;
  /// the smaller share where several do.
  public static func ratio(
    validation paths: [String], settings: EvaluationSettings, normalisation: ScoreFusion.Normalisation
  ) throws -> Double {
    let files = try read(paths)
    var best = (ratio: 0.0, sum: -1.0)
    var plain = settings
    plain.metrics = [1, 5, 10].map { Metric.recall(at: $0) }
    plain.rescoring = nil
    for step in 0...20 {
      let ratio = Double(step) / 20
      let fused = try FusedFiles(files, [1 - ratio, ratio], settings.similarity, normalisation)
      plain.similarity = .dot
      let results = try FileEvaluation.results(fused.file, path: paths[0], settings: plain)
      let sum = FoldMeans(results).metrics.reduce(0) { $0 + $1.value }
      if sum > best.sum { best = (ratio, sum) }
    }
    return best.ratio
  }
}
