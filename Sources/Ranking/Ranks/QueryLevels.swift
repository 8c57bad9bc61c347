import Basics

/// One distinct score among a query's relevant items, best first, and what shares or beats it.
///
/// Everything that any metric asks of a ranking with ties is in these numbers.
public struct Level: Sendable, Equatable {
  /// Non-relevant items scored strictly above.
  public var above: Int
  /// Non-relevant items with exactly this score.
  public var tied: Int
  /// Relevant items with exactly this score, at least 1.
  public var relevant: Int
  /// Relevant items scored strictly above.
  public var relevantAbove: Int

  public init(above: Int, tied: Int, relevant: Int, relevantAbove: Int) {
    self.above = above
    self.tied = tied
    self.relevant = relevant
    self.relevantAbove = relevantAbove
  }

  /// Items of this score, relevant or not.
  var size: Int { tied + relevant }
  /// Places before the first of them.
  var start: Int { above + relevantAbove }
}

/// The levels of all queries. Where only the best relevant item matters, each query has just its first level.
public struct QueryLevels: Sendable {
  /// Levels of query q: `levels[offsets[q]..<offsets[q + 1]]`, best first.
  public let offsets: [Int]
  public let levels: [Level]
  /// Relevant items per query. `[Q]`
  public let relevantCounts: [Int]
  /// Ranked gallery items per query (without an excluded one). `[Q]`
  public let galleryCounts: [Int]

  public var count: Int { relevantCounts.count }

  public subscript(query: Int) -> ArraySlice<Level> { levels[offsets[query]..<offsets[query + 1]] }

  /// The level of the best-scoring relevant item.
  func best(_ query: Int) -> Level { levels[offsets[query]] }

  init(offsets: [Int], levels: [Level], relevantCounts: [Int], galleryCounts: [Int]) {
    self.offsets = offsets
    self.levels = levels
    self.relevantCounts = relevantCounts
    self.galleryCounts = galleryCounts
  }

  /// One ranking per query in which all items tie: what a ranking that knows nothing looks like.
  init(allTied galleryCounts: [Int], relevantCounts: [Int]) {
    self.init(
      offsets: Array(0...galleryCounts.count),
      levels: zip(galleryCounts, relevantCounts).map {
        Level(above: 0, tied: max(0, $0 - $1), relevant: $1, relevantAbove: 0)
      },
      relevantCounts: relevantCounts, galleryCounts: galleryCounts)
  }

  /// One ranking per query with all relevant items on top.
  init(perfect galleryCounts: [Int], relevantCounts: [Int]) {
    self.init(
      offsets: Array(0...galleryCounts.count),
      levels: relevantCounts.map { Level(above: 0, tied: 0, relevant: $0, relevantAbove: 0) },
      relevantCounts: relevantCounts, galleryCounts: galleryCounts)
  }

  /// Levels read back from a file.
  /// - Throws: ``IeumError`` (data) for counts that no ranking can have.
  public init(
    storedOffsets offsets: [Int], levels: [Level], relevantCounts: [Int], galleryCounts: [Int]
  ) throws {
    let rising = zip(offsets, offsets.dropFirst()).allSatisfy { $0 < $1 }
    guard offsets.first == 0, offsets.last == levels.count, rising, offsets.count == relevantCounts.count + 1,
      galleryCounts.count == relevantCounts.count
    else { throw IeumError(.data, "the stored levels do not fit their offsets", remedy: "run the cell again") }
    for query in relevantCounts.indices {
      let own = levels[offsets[query]..<offsets[query + 1]]
      let sound = own.allSatisfy { level in
        level.above >= 0 && level.tied >= 0 && level.relevant > 0 && level.relevantAbove >= 0
          && level.relevantAbove + level.relevant <= relevantCounts[query]
          && level.above + level.tied + relevantCounts[query] <= galleryCounts[query]
      }
      guard sound else {
        throw IeumError(
          .data, "the stored levels are no ranking of \(galleryCounts[query]) items", place: "query \(query)",
          remedy: "run the cell again")
      }
    }
    self.init(offsets: offsets, levels: levels, relevantCounts: relevantCounts, galleryCounts: galleryCounts)
  }
}
