/// What of each query's candidates has a vector, where some have none: the rest of a ranking is known beforehand, so that
/// chance is the mean over the orders of these alone.
public struct PresentRows: Sendable, Equatable {
  /// Ranked candidates of each query; 0 for a query that cannot be ranked. `[Q]`
  public let gallery: [Int]
  /// Relevant ones among them. `[Q]`
  public let relevant: [Int]

  public init(gallery: [Int], relevant: [Int]) {
    precondition(gallery.count == relevant.count, "\(gallery.count) and \(relevant.count) counts")
    (self.gallery, self.relevant) = (gallery, relevant)
  }

  /// Of a ranking to which absent rows were added.
  init(_ levels: QueryLevels, unranked: Int) {
    let none = [Int](repeating: 0, count: unranked)
    self.init(gallery: levels.galleryCounts + none, relevant: levels.relevantCounts + none)
  }

  func selecting(_ queries: [Int]) -> PresentRows {
    PresentRows(gallery: queries.map { gallery[$0] }, relevant: queries.map { relevant[$0] })
  }
}

extension QueryLevels {
  /// The levels of some queries.
  func selecting(_ queries: [Int]) -> QueryLevels {
    QueryLevels(
      offsets: queries.reduce(into: [0]) { $0.append($0[$0.count - 1] + self[$1].count) },
      levels: queries.flatMap { self[$0] }, relevantCounts: queries.map { relevantCounts[$0] },
      galleryCounts: queries.map { galleryCounts[$0] })
  }

  /// One after the other.
  init(joining parts: [QueryLevels]) {
    var offsets = [0]
    for part in parts { offsets += part.offsets.dropFirst().map { [start = offsets[offsets.count - 1]] in start + $0 } }
    self.init(
      offsets: offsets, levels: parts.flatMap(\.levels), relevantCounts: parts.flatMap(\.relevantCounts),
      galleryCounts: parts.flatMap(\.galleryCounts))
  }

  /// What a ranking that knows nothing looks like: all candidates tie that have a vector, and the others come last.
  func unknowing(_ present: PresentRows?) -> QueryLevels {
    guard let present else { return QueryLevels(allTied: galleryCounts, relevantCounts: relevantCounts) }
    var (offsets, levels): ([Int], [Level]) = ([0], [])
    for query in 0..<count {
      let (total, wanted) = (galleryCounts[query], relevantCounts[query])
      let (ranked, known) = (present.gallery[query], present.relevant[query])
      if known > 0 { levels.append(Level(above: 0, tied: max(0, ranked - known), relevant: known, relevantAbove: 0)) }
      if wanted > known {
        levels.append(Level(above: total - wanted, tied: 0, relevant: wanted - known, relevantAbove: known))
      }
      offsets.append(levels.count)
    }
    return QueryLevels(offsets: offsets, levels: levels, relevantCounts: relevantCounts, galleryCounts: galleryCounts)
  }
}
