import Basics

/// Embeddings of both sides and which gallery rows are relevant to which query; checked when made.
public struct RankingProblem: Sendable {
  /// Query vectors. `[Q, D]`, row-major
  public let queries: [Float]
  /// Gallery vectors, the rows of a group one after the other. `[G, D]`, row-major
  public let gallery: [Float]
  public let dimension: Int
  /// Relevant candidates of query q: `indices[indptr[q]..<indptr[q + 1]]`, ascending, each once, never the excluded one.
  public let indptr: [Int]
  public let indices: [Int]
  /// Gallery row to leave out of each query's ranking, −1 = none. `[Q]`
  public let exclude: [Int]?
  public let queryCount: Int
  /// What is ranked: gallery rows, or groups of them.
  public let galleryCount: Int
  /// Rows of candidate c: `groupOffsets[c]..<groupOffsets[c + 1]`; nil where every row is a candidate. A group scores as
  /// its best row does (`v2t-grouped`).
  public let groupOffsets: [Int]?

  /// Whether the same scores rank the queries for a gallery row: not with rows left out or groups.
  public var hasReverse: Bool { exclude == nil && groupOffsets == nil }

  /// - Parameters:
  ///   - indptr, indices: relevance in CSR form, gallery rows per query; repeated rows count once.
  ///   - groups: `[G]`, the group of each gallery row, numbered from 0 without gaps. A group is relevant when one of its
  ///     rows is.
  ///   - queryNames: names for messages; row numbers otherwise.
  ///   - file: the file that the data came from, for messages.
  /// - Throws: ``IeumError`` (data) for shapes that do not fit, a value that is not finite, a row out of range, or a query
  ///   without a relevant item.
  public init(
    queries: [Float], gallery: [Float], dimension: Int, indptr: [Int], indices: [Int], exclude: [Int]? = nil, groups: [Int]? = nil,
    queryNames: [String]? = nil, galleryNames: [String]? = nil, file: String? = nil
  ) throws {
    let check = ProblemCheck(file: file, queryNames: queryNames, galleryNames: galleryNames)
    queryCount = try check.rows(queries, dimension, side: "queries")
    let rowCount = try check.rows(gallery, dimension, side: "gallery")
    try check.finite(queries, dimension, side: "queries", names: queryNames)
    try check.finite(gallery, dimension, side: "gallery", names: galleryNames)
    try check.exclude(exclude, queries: queryCount, gallery: rowCount)
    let relevance = try check.relevance(indptr, indices, queries: queryCount, gallery: rowCount, exclude: exclude)
    self.queries = queries
    if let groups {
      let sorted = try RowGroups(groups, rows: rowCount, exclude: exclude, check: check)
      self.gallery = sorted.reordered(gallery, dimension: dimension)
      (self.indptr, self.indices) = sorted.candidates(of: relevance)
      groupOffsets = sorted.offsets
      galleryCount = sorted.offsets.count - 1
    } else {
      self.gallery = gallery
      (self.indptr, self.indices) = relevance
      groupOffsets = nil
      galleryCount = rowCount
    }
    self.dimension = dimension
    self.exclude = exclude
  }

  /// One relevant gallery row per query. `relevant`: `[Q]`
  public init(
    queries: [Float], gallery: [Float], dimension: Int, relevant: [Int], exclude: [Int]? = nil,
    groups: [Int]? = nil, queryNames: [String]? = nil, galleryNames: [String]? = nil, file: String? = nil
  ) throws {
    // −1 is how some programs say "none": such a query is refused as one without a relevant item.
    var indptr = [0]
    var indices: [Int] = []
    for row in relevant {
      if row != -1 { indices.append(row) }
      indptr.append(indices.count)
    }
    try self.init(
      queries: queries, gallery: gallery, dimension: dimension, indptr: indptr, indices: indices, exclude: exclude,
      groups: groups, queryNames: queryNames, galleryNames: galleryNames, file: file)
  }

  /// The relevant candidates of one query, ascending.
  public func relevant(to query: Int) -> ArraySlice<Int> { indices[indptr[query]..<indptr[query + 1]] }

  /// How many candidates a query ranks: all but the excluded one.
  public func galleryCount(for query: Int) -> Int {
    galleryCount - (exclude.map { $0[query] >= 0 } == true ? 1 : 0)
  }

  /// For each gallery row, the queries that want it (CSR over the gallery).
  var reverseRelevance: (indptr: [Int], indices: [Int]) {
    var counts = [Int](repeating: 0, count: galleryCount + 1)
    for item in indices { counts[item + 1] += 1 }
    for g in 0..<galleryCount { counts[g + 1] += counts[g] }
    var next = counts
    var wanting = [Int](repeating: 0, count: indices.count)
    for query in 0..<queryCount {
      for item in relevant(to: query) {
        wanting[next[item]] = query
        next[item] += 1
      }
    }
    return (counts, wanting)
  }

  /// Queries that share their one relevant item.
  var sharedItemBlocks: QueryBlocks {
    QueryBlocks(indptr: indptr, indices: indices, hasExclude: exclude != nil)
  }

  /// Wanted gallery rows that are wanted by the same one query.
  var reverseBlocks: QueryBlocks {
    let reverse = reverseRelevance
    let wanted = (0..<galleryCount).filter { reverse.indptr[$0 + 1] > reverse.indptr[$0] }
    let labels = wanted.map { row in
      reverse.indptr[row + 1] - reverse.indptr[row] == 1 ? reverse.indices[reverse.indptr[row]] : -1 - row
    }
    return QueryBlocks(labels: labels)
  }
}
