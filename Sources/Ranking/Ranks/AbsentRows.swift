/// What a task lists but nobody could encode. Absent gallery items stay in the gallery at its end, and a query that has no
/// vector, or whose relevant items have none, is a miss at the last place: neither divisor shrinks.
public struct AbsentRows: Sendable, Equatable {
  /// Candidates without a vector.
  public let candidates: Int
  /// Relevant candidates without a vector, of each query that is ranked. `[Q]`
  public let relevant: [Int]
  /// Queries that cannot be ranked: how many relevant candidates each has. They come after the ranked ones.
  public let unrankedQueries: [Int]

  public init(candidates: Int, relevant: [Int], unrankedQueries: [Int]) {
    self.candidates = candidates
    self.relevant = relevant
    self.unrankedQueries = unrankedQueries
  }

  /// The levels of the whole task.
  func added(to levels: QueryLevels, gallery: Int) -> QueryLevels {
    var offsets = [0]
    var all: [Level] = []
    var (relevantCounts, galleryCounts): ([Int], [Int]) = ([], [])
    for query in 0..<levels.count {
      let (known, absent) = (levels.relevantCounts[query], relevant[query])
      all += levels[query]
      let total = levels.galleryCounts[query] + candidates
      if absent > 0 {
        all.append(Level(above: total - known - absent, tied: 0, relevant: absent, relevantAbove: known))
      }
      offsets.append(all.count)
      relevantCounts.append(known + absent)
      galleryCounts.append(total)
    }
    for wanted in unrankedQueries {
      let total = gallery + candidates
      all.append(Level(above: total - wanted, tied: 0, relevant: wanted, relevantAbove: 0))
      offsets.append(all.count)
      relevantCounts.append(wanted)
      galleryCounts.append(total)
    }
    return QueryLevels(offsets: offsets, levels: all, relevantCounts: relevantCounts, galleryCounts: galleryCounts)
  }
}
