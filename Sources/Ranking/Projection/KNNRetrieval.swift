import Basics

/// The K-NN baseline of hong2022, figure 31: rows are projected to the plane of their first two principal components, and
/// only the K nearest gallery items in that plane are retrieved.
public struct KNNRetrieval: Sendable {
  /// Items retrieved per query (11 in the thesis).
  public let neighbours: Int
  /// Principal components kept (2 in the thesis).
  public let components: Int

  public init(neighbours: Int = 11, components: Int = 2) {
    self.neighbours = neighbours
    self.components = components
  }

  /// The problem in the plane: axes fitted on `fit` rows (the gallery's own unless given, `[N, D]`).
  /// - Throws: ``IeumError`` as ``PCA/fit(_:dimension:components:)`` does.
  public func projected(_ problem: RankingProblem, fit: [Float]? = nil) throws -> RankingProblem {
    let pca = try PCA.fit(fit ?? problem.gallery, dimension: problem.dimension, components: components)
    return try RankingProblem(
      queries: pca.project(problem.queries), gallery: pca.project(problem.gallery), dimension: components,
      indptr: problem.indptr, indices: problem.indices, exclude: problem.exclude)
  }

  /// Capped recall at K in %, counting hits among the first min(K, neighbours) places by Euclidean distance in the plane;
  /// ties as the mean over all orders.
  public func cappedRecall(_ problem: RankingProblem, at cutoff: Int, fit: [Float]? = nil) throws -> Double {
    let values = try cappedRecalls(problem, at: cutoff, fit: fit)
    return 100 * values.reduce(0, +) / Double(values.count)
  }

  /// The same per query, as fractions. `[Q]`
  public func cappedRecalls(_ problem: RankingProblem, at cutoff: Int, fit: [Float]? = nil) throws -> [Double] {
    let plane = try projected(problem, fit: fit)
    let levels = TiledCounter.count(plane, .euclidean, allLevels: true, reverse: false, tile: .standard).forward
    let tables = RankTables(places: 0)
    return (0..<levels.count).map { query in
      let relevant = levels.relevantCounts[query]
      let math = LevelMath(levels: levels[query], relevantCount: relevant, policy: .expected, tables: tables)
      return math.hits(min(cutoff, neighbours)) / Double(min(cutoff, relevant))
    }
  }

  /// The nearest rows of each query by Euclidean distance in the space given, nearest first, ties by row number.
  /// - Throws: ``IeumError`` (data) when values are not rows of the dimension.
  public func nearest(
    queries: [Float], gallery: [Float], dimension: Int, exclude: [Int]? = nil
  ) throws -> [[Int]] {
    guard dimension > 0, queries.count % dimension == 0, gallery.count % dimension == 0 else {
      throw IeumError(.data, "queries and gallery are not rows of \(dimension)", remedy: "give both the same columns")
    }
    let (q, g) = (queries.count / dimension, gallery.count / dimension)
    let scorer = Scorer(
      similarity: .euclidean, queries: RowSet(queries, count: q, dimension: dimension),
      gallery: RowSet(gallery, count: g, dimension: dimension))
    return (0..<q).map { query in
      let keys = (0..<g).map { scorer.key(query: query, item: $0) }
      let rows = (0..<g).filter { $0 != exclude?[query] }
      return Array(rows.sorted { (-keys[$0], $0) < (-keys[$1], $1) }.prefix(neighbours))
    }
  }
}
