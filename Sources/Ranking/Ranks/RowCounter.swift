import COpenBLAS

/// Counts, for every query of a tile, how many gallery items score above and exactly at each of its levels.
final class RowCounter: @unchecked Sendable {
  private let filter: TileFilter
  private let thresholds: Thresholds
  private let above: UnsafeMutablePointer<Int>
  private let tied: UnsafeMutablePointer<Int>
  /// Queries with more levels than this are counted by binary search, others by one vectorised pass per level.
  private static let fewLevels = 4

  init(_ filter: TileFilter, _ thresholds: Thresholds) {
    self.filter = filter
    self.thresholds = thresholds
    let count = max(thresholds.levelCount, 1)
    above = .allocate(capacity: count)
    above.initialize(repeating: 0, count: count)
    tied = .allocate(capacity: count)
    tied.initialize(repeating: 0, count: count)
  }

  deinit {
    above.deallocate()
    tied.deallocate()
  }

  /// - Parameters:
  ///   - scores: this query's row of the tile.
  ///   - items: the gallery rows of the tile.
  ///   - itemSlack: the largest gallery-side error in the tile.
  ///   - scratch: room for as many indices as the tile has columns.
  func count(
    query: Int, scores: UnsafePointer<Float>, items: Range<Int>, itemSlack: Double, scratch: UnsafeMutablePointer<Int32>
  ) {
    let slack = filter.slack(query: query) + itemSlack
    let levels = thresholds.offsets[query]..<thresholds.offsets[query + 1]
    if levels.count <= RowCounter.fewLevels {
      for level in levels { sweep(level, query, scores, items, slack, scratch) }
    } else {
      search(levels, query, scores, items, slack)
    }
  }

  private func sweep(
    _ level: Int, _ query: Int, _ scores: UnsafePointer<Float>, _ items: Range<Int>, _ slack: Double,
    _ scratch: UnsafeMutablePointer<Int32>
  ) {
    let (low, high) = filter.interval(thresholds.thresholds[level], slack: slack)
    var sure: Int64 = 0
    var open: Int64 = 0
    cob_count(scores, Int64(items.count), low, high, &sure, &open)
    above[level] += Int(sure)
    if open == 0 { return }
    if filter.isExact {
      tied[level] += Int(open)
      return
    }
    let found = Int(cob_collect(scores, Int64(items.count), low, high, scratch))
    let key = thresholds.keys[level]
    for slot in 0..<found {
      let candidate = filter.scorer.key(query: query, item: items.lowerBound + Int(scratch[slot]))
      if candidate > key { above[level] += 1 } else if candidate == key { tied[level] += 1 }
    }
  }

  /// Here `above[level]` collects the items that lie between this level and the next better one; ``finish`` sums them up.
  private func search(
    _ levels: Range<Int>, _ query: Int, _ scores: UnsafePointer<Float>, _ items: Range<Int>, _ slack: Double
  ) {
    let bounds = levels.map { filter.interval(thresholds.thresholds[$0], slack: slack) }
    for column in 0..<items.count {
      let score = scores[column]
      // The first level that the item is not certainly below.
      var (low, high) = (0, bounds.count)
      while low < high {
        let middle = (low + high) / 2
        if score < bounds[middle].low { low = middle + 1 } else { high = middle }
      }
      place(score, item: items.lowerBound + column, query, from: low, levels, bounds)
    }
  }

  private func place(
    _ score: Float, item: Int, _ query: Int, from first: Int, _ levels: Range<Int>, _ bounds: [(low: Float, high: Float)]
  ) {
    var slot = first
    var key: Double?
    while slot < bounds.count, score <= bounds[slot].high {
      let level = levels.lowerBound + slot
      let candidate = filter.isExact ? thresholds.keys[level] : key ?? filter.scorer.key(query: query, item: item)
      key = candidate
      if candidate == thresholds.keys[level] {
        tied[level] += 1
        slot += 1
        break
      }
      if candidate > thresholds.keys[level] { break }
      slot += 1
    }
    if slot < bounds.count { above[levels.lowerBound + slot] += 1 }
  }

  /// Takes the relevant and the excluded items out of the counts.
  func finish(relevantCounts: [Int], galleryCounts: [Int], exclude: [Int]?) -> QueryLevels {
    var levels: [Level] = []
    levels.reserveCapacity(thresholds.levelCount)
    for query in relevantCounts.indices {
      let range = thresholds.offsets[query]..<thresholds.offsets[query + 1]
      if range.count > RowCounter.fewLevels {
        for level in range.dropFirst() { above[level] += above[level - 1] }
      }
      let excluded = exclude.flatMap { $0[query] >= 0 ? filter.scorer.key(query: query, item: $0[query]) : nil }
      for level in range {
        let key = thresholds.keys[level]
        let (relevant, better) = (thresholds.relevant[level], thresholds.relevantAbove[level])
        levels.append(
          Level(
            above: above[level] - better - (excluded.map { $0 > key } == true ? 1 : 0),
            tied: tied[level] - relevant - (excluded == key ? 1 : 0), relevant: relevant, relevantAbove: better))
      }
    }
    return QueryLevels(
      offsets: thresholds.offsets, levels: levels, relevantCounts: relevantCounts, galleryCounts: galleryCounts)
  }
}
