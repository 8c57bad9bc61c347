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
/// or equal. Memory beyond the vectors: some tiles of either side as the GEMM wants them, a tile of scores per worker, and
/// a few numbers per row; never Q×G, and no copy of a side.
enum TiledCounter {
  /// - Parameters:
  ///   - allLevels: count at every relevant item's score, not only at the best one's.
  ///   - reverse: also rank the queries for every wanted gallery row.
  /// - Returns: levels of the queries, of the wanted gallery rows, and the number of zero vectors.
  static func count(
    _ problem: RankingProblem, _ similarity: Similarity, allLevels: Bool, reverse: Bool, tile: Tile
  ) -> (forward: QueryLevels, reverse: QueryLevels?, zeroVectors: Int) {
    let filter = Stages.time("norms and bounds") {
      TileFilter(
        Scorer(
          similarity: similarity,
          queries: RowSet(problem.queries, count: problem.queryCount, dimension: problem.dimension),
          gallery: RowSet(
            problem.gallery, count: problem.gallery.count / problem.dimension, dimension: problem.dimension),
          groups: problem.groupOffsets))
    }
    let scorer = filter.scorer
    let thresholds = Stages.time("scores of the relevant") {
      Thresholds(
        rows: problem.queryCount, relevance: (problem.indptr, problem.indices), allLevels: allLevels
      ) { query, item in (scorer.key(query: query, item: item), filter.threshold(query: query, item: item)) }
    }
    let rows = RowCounter(filter, thresholds)
    // As many may multiply at once, each tiles of its own.
    let workers = Int(cob_alone_begin(Int32(Parallel.workers)))
    defer { cob_alone_end() }
    let columns = reverse ? ColumnCounter(filter, problem, workers: workers) : nil
    sweep(filter, rows, columns, tile, workers)
    let forward = rows.finish(
      relevantCounts: (0..<problem.queryCount).map { problem.indptr[$0 + 1] - problem.indptr[$0] },
      galleryCounts: (0..<problem.queryCount).map { problem.galleryCount(for: $0) }, exclude: problem.exclude)
    return (
      forward, columns?.finish(queryCount: problem.queryCount), scorer.queries.zeroRows + scorer.gallery.zeroRows
    )
  }

  /// Query tiles for which a piece of the gallery is prepared at a time: preparing then costs little beside the products.
  private static let tilesOfSlab = 16

  private static func sweep(
    _ filter: TileFilter, _ rows: RowCounter, _ columns: ColumnCounter?, _ tile: Tile, _ workers: Int
  ) {
    let (q, width) = (filter.scorer.queries.count, filter.width)
    let pieces = GalleryPiece.all(rows: filter.scorer.gallery.count, groups: filter.scorer.groups, most: tile.gallery)
    let (tallest, widest) = (min(tile.queries, q), pieces.reduce(0) { max($0, $1.rows.count) })
    let room = Room(slab: min(tallest * tilesOfSlab, q), width: width, tile: (tallest, widest), workers: workers)
    defer { room.free() }
    let itemSlacks = pieces.map { piece in piece.rows.reduce(0) { max($0, filter.slack(item: $1)) } }
    for first in stride(from: 0, to: q, by: tallest * tilesOfSlab) {
      let slab = first..<min(first + tallest * tilesOfSlab, q)
      Stages.time("preparing queries") { prepare(slab, width, room.slab, filter.prepareQueries) }
      columns?.prepare(querySlack: slab.reduce(0) { max($0, filter.slack(query: $1)) })
      for (piece, itemSlack) in zip(pieces, itemSlacks) {
        Stages.time("preparing the gallery") { prepare(piece.rows, width, room.piece, filter.prepareGallery) }
        // Each worker multiplies and counts tiles of its own, so that none waits for the others after every tile.
        Parallel.parts(of: slab.count, most: workers) { worker, part in
          let scores = room.tiles + worker * tallest * widest
          for top in stride(from: part.lowerBound, to: part.upperBound, by: tallest) {
            let block = (first + top)..<(first + min(top + tallest, part.upperBound))
            let operations = 2 * Double(block.count * piece.rows.count * width)
            Stages.time("matrix products", operations: operations, threads: min(workers, slab.count)) {
              filter.multiply(room.slab + top * width, block.count, room.piece, piece.rows.count, into: scores)
            }
            Stages.time("counting", threads: min(workers, slab.count)) {
              count(block, piece, itemSlack, scores, room.scratch + worker * widest, worker, rows, columns)
            }
          }
        }
      }
    }
  }

  /// Counts the rows of one tile.
  private static func count(
    _ block: Range<Int>, _ piece: GalleryPiece, _ itemSlack: Double, _ scores: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Int32>, _ worker: Int, _ rows: RowCounter, _ columns: ColumnCounter?
  ) {
    for (i, query) in block.enumerated() {
      let line = scores + i * piece.rows.count
      piece.keepBest(line)
      rows.count(query: query, scores: line, items: piece.items, itemSlack: itemSlack, scratch: scratch)
      columns?.count(query: query, scores: line, items: piece.items, worker: worker, scratch: scratch)
    }
  }

  /// What a sweep works in; workers touch disjoint parts.
  private struct Room: @unchecked Sendable {
    /// Query and gallery rows as the GEMM wants them, and its results: a tile for each worker.
    let slab, piece, tiles: UnsafeMutablePointer<Float>
    let scratch: UnsafeMutablePointer<Int32>

    init(slab: Int, width: Int, tile: (tallest: Int, widest: Int), workers: Int) {
      (self.slab, piece) = (.allocate(capacity: slab * width), .allocate(capacity: tile.widest * width))
      tiles = .allocate(capacity: workers * tile.tallest * tile.widest)
      scratch = .allocate(capacity: workers * tile.widest)
    }

    func free() {
      for pointer in [slab, piece, tiles] { pointer.deallocate() }
      scratch.deallocate()
    }
  }

  /// Fills the rows of a GEMM operand in parallel.
  private static func prepare(
    _ rows: Range<Int>, _ width: Int, _ out: UnsafeMutablePointer<Float>,
    _ fill: @Sendable (Range<Int>, UnsafeMutablePointer<Float>) -> Void
  ) {
    let (target, first) = (UncheckedPointer(out), rows.lowerBound)
    Parallel.chunks(of: rows.count) { part in
      fill((part.lowerBound + first)..<(part.upperBound + first), target.pointer + part.lowerBound * width)
    }
  }
}
