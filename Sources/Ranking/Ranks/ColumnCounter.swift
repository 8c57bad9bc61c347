import Basics
import COpenBLAS

/// The other direction from the same tiles: for every wanted gallery row, how many queries score above and exactly at its
/// best relevant query.
final class ColumnCounter: @unchecked Sendable {
  private let filter: TileFilter
  private let thresholds: Thresholds
  private let relevance: (indptr: [Int], indices: [Int])
  private let galleryCount: Int
  private let workers: Int
  /// Per worker and gallery row: queries above and tied. `[W, G]`
  private let above: UnsafeMutablePointer<Int32>
  private let tied: UnsafeMutablePointer<Int32>
  /// The undecided interval of each gallery row for the current tile's slack. `[G]`
  private let low: UnsafeMutablePointer<Float>
  private let high: UnsafeMutablePointer<Float>

  /// - Parameter workers: how many count side by side.
  init(_ filter: TileFilter, _ problem: RankingProblem, workers: Int) {
    (self.filter, self.workers) = (filter, workers)
    let reverse = problem.reverseRelevance
    relevance = reverse
    galleryCount = problem.galleryCount
    let scorer = filter.scorer
    thresholds = Thresholds(rows: galleryCount, relevance: reverse, allLevels: false) { item, query in
      (scorer.reverseKey(query: query, item: item), filter.threshold(query: query, item: item))
    }
    (above, tied) = (.allocate(capacity: workers * galleryCount), .allocate(capacity: workers * galleryCount))
    above.initialize(repeating: 0, count: workers * galleryCount)
    tied.initialize(repeating: 0, count: workers * galleryCount)
    (low, high) = (.allocate(capacity: galleryCount), .allocate(capacity: galleryCount))
    low.initialize(repeating: .infinity, count: galleryCount)
    high.initialize(repeating: .infinity, count: galleryCount)
  }

  deinit {
    above.deallocate()
    tied.deallocate()
    low.deallocate()
    high.deallocate()
  }

  /// Sets the intervals for tiles of queries whose error is at most `querySlack`. Rows that no query wants keep +∞: they
  /// count nothing.
  func prepare(querySlack: Double) {
    for item in 0..<galleryCount where thresholds.offsets[item + 1] > thresholds.offsets[item] {
      let threshold = thresholds.thresholds[thresholds.offsets[item]]
      (low[item], high[item]) = filter.interval(threshold, slack: querySlack + filter.slack(item: item))
    }
  }

  func count(
    query: Int, scores: UnsafePointer<Float>, items: Range<Int>, worker: Int, scratch: UnsafeMutablePointer<Int32>
  ) {
    let row = worker * galleryCount
    let first = items.lowerBound
    let found = Int(
      cob_count_columns(scores, Int64(items.count), low + first, high + first, above + row + first, scratch))
    for slot in 0..<found {
      let item = first + Int(scratch[slot])
      let key = thresholds.keys[thresholds.offsets[item]]
      let candidate = filter.isExact ? key : filter.scorer.reverseKey(query: query, item: item)
      if candidate > key { above[row + item] += 1 } else if candidate == key { tied[row + item] += 1 }
    }
  }

  /// Levels of the wanted gallery rows, in their order.
  func finish(queryCount: Int) -> QueryLevels {
    var levels: [Level] = []
    var counts: [Int] = []
    for item in 0..<galleryCount where relevance.indptr[item + 1] > relevance.indptr[item] {
      let relevant = thresholds.relevant[thresholds.offsets[item]]
      let sum = { (part: UnsafeMutablePointer<Int32>) in
        (0..<self.workers).reduce(0) { $0 + Int(part[$1 * self.galleryCount + item]) }
      }
      levels.append(Level(above: sum(above), tied: sum(tied) - relevant, relevant: relevant, relevantAbove: 0))
      counts.append(relevance.indptr[item + 1] - relevance.indptr[item])
    }
    return QueryLevels(
      offsets: Array(0...levels.count), levels: levels, relevantCounts: counts,
      galleryCounts: [Int](repeating: queryCount, count: levels.count))
  }
}
