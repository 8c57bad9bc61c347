import Basics
import COpenBLAS

/// Rows of queries and of gallery that one product holds. Ranks do not depend on it, only time and memory do.
public struct Tile: Sendable, Equatable {
  public let queries: Int
  public let gallery: Int

  public init(queries: Int, gallery: Int) {
    self.queries = max(1, queries)
    self.gallery = max(1, gallery)
  }

  /// 512 × 2048 scores, 4 MiB.
  public static let standard = Tile(queries: 512, gallery: 2048)
}

/// Exact counts from tiles: first the scores of the relevant items, then one GEMM per tile and a count of what is greater
/// or equal. Memory: both sides, one tile, and a few numbers per relevant item; never Q×G.
enum TiledCounter {
  /// - Parameters:
  ///   - allLevels: count at every relevant item's score, not only at the best one's.
  ///   - reverse: also rank the queries for every wanted gallery row.
  /// - Returns: levels of the queries, of the wanted gallery rows, and the number of zero vectors.
  static func count(
    _ problem: RankingProblem, _ similarity: Similarity, allLevels: Bool, reverse: Bool, tile: Tile
  ) -> (forward: QueryLevels, reverse: QueryLevels?, zeroVectors: Int) {
    let scorer = Scorer(
      similarity: similarity,
      queries: RowSet(problem.queries, count: problem.queryCount, dimension: problem.dimension),
      gallery: RowSet(
        problem.gallery, count: problem.gallery.count / problem.dimension, dimension: problem.dimension),
      groups: problem.groupOffsets)
    let filter = TileFilter(scorer)
    let thresholds = Thresholds(
      rows: problem.queryCount, relevance: (problem.indptr, problem.indices), allLevels: allLevels
    ) { query, item in (scorer.key(query: query, item: item), filter.threshold(query: query, item: item)) }
    let rows = RowCounter(filter, thresholds)
    let columns = reverse ? ColumnCounter(filter, problem) : nil
    sweep(filter, rows, columns, tile)
    let forward = rows.finish(
      relevantCounts: (0..<problem.queryCount).map { problem.indptr[$0 + 1] - problem.indptr[$0] },
      galleryCounts: (0..<problem.queryCount).map { problem.galleryCount(for: $0) }, exclude: problem.exclude)
    return (
      forward, columns?.finish(queryCount: problem.queryCount), scorer.queries.zeroRows + scorer.gallery.zeroRows
    )
  }

  private static func sweep(_ filter: TileFilter, _ rows: RowCounter, _ columns: ColumnCounter?, _ tile: Tile) {
    let (q, g, width) = (filter.scorer.queries.count, filter.scorer.gallery.count, filter.width)
    let pieces = GalleryPiece.all(rows: g, groups: filter.scorer.groups, most: tile.gallery)
    let (tallest, widest) = (min(tile.queries, q), pieces.reduce(0) { max($0, $1.rows.count) })
    let gallery = UnsafeMutablePointer<Float>.allocate(capacity: g * width)
    let queries = UnsafeMutablePointer<Float>.allocate(capacity: tallest * width)
    let scores = UnsafeMutablePointer<Float>.allocate(capacity: tallest * widest)
    let scratch = UnsafeMutablePointer<Int32>.allocate(capacity: Parallel.workers * widest)
    defer {
      gallery.deallocate()
      queries.deallocate()
      scores.deallocate()
      scratch.deallocate()
    }
    prepare(g, width, gallery) { filter.prepareGallery($0, into: $1) }
    let itemSlacks = pieces.map { piece in piece.rows.reduce(0) { max($0, filter.slack(item: $1)) } }
    for top in stride(from: 0, to: q, by: tallest) {
      let block = top..<min(top + tallest, q)
      prepare(block.count, width, queries) { range, out in
        filter.prepareQueries((range.lowerBound + top)..<(range.upperBound + top), into: out)
      }
      columns?.prepare(querySlack: block.reduce(0) { max($0, filter.slack(query: $1)) })
      for (piece, itemSlack) in zip(pieces, itemSlacks) {
        filter.multiply(
          queries, block.count, gallery + piece.rows.lowerBound * width, piece.rows.count, into: scores)
        let (table, room) = (UncheckedPointer(scores), UncheckedPointer(scratch))
        Parallel.parts(of: block.count) { worker, part in
          for i in part {
            let line = table.pointer + i * piece.rows.count
            let space = room.pointer + worker * widest
            piece.keepBest(line)
            rows.count(query: top + i, scores: line, items: piece.items, itemSlack: itemSlack, scratch: space)
            columns?.count(query: top + i, scores: line, items: piece.items, worker: worker, scratch: space)
          }
        }
      }
    }
  }

  /// Fills rows of a GEMM operand in parallel.
  private static func prepare(
    _ count: Int, _ width: Int, _ out: UnsafeMutablePointer<Float>,
    _ fill: @Sendable (Range<Int>, UnsafeMutablePointer<Float>) -> Void
  ) {
    let target = UncheckedPointer(out)
    Parallel.chunks(of: count) { fill($0, target.pointer + $0.lowerBound * width) }
  }
}
