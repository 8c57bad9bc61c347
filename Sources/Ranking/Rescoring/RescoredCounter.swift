import Basics
import Foundation

/// Exact counts under a ``Rescoring``: every score in double, a line of candidates at a time. Two passes, never Q×G.
enum RescoredCounter {
  static func count(
    _ problem: RankingProblem, _ similarity: Similarity, _ rescoring: Rescoring, allLevels: Bool
  ) -> (levels: QueryLevels, zeroVectors: Int) {
    let dimension = problem.dimension
    let gallery = RowSet(problem.gallery, count: problem.gallery.count / dimension, dimension: dimension)
    let queries = RowSet(problem.queries, count: problem.queryCount, dimension: dimension)
    let scorer = Scorer(similarity: similarity, queries: queries, gallery: gallery, groups: problem.groupOffsets)
    let statistics: CandidateStatistics
    switch rescoring {
    case .dualSoftmax(let scale):
      statistics = CandidateStatistics(scorer, candidates: problem.galleryCount, scale: scale)
    case .querybank(let bank, let beta):
      let rows = RowSet(bank, count: bank.count / dimension, dimension: dimension)
      statistics = CandidateStatistics(
        Scorer(similarity: similarity, queries: rows, gallery: gallery, groups: problem.groupOffsets),
        candidates: problem.galleryCount, scale: beta)
    }
    let levels = LineLevels(problem: problem, scorer: scorer, rescoring: rescoring, statistics: statistics)
    return (levels.all(allLevels: allLevels), queries.zeroRows + gallery.zeroRows)
  }
}

/// The levels of each query from its whole line of changed scores.
private struct LineLevels: Sendable {
  let problem: RankingProblem
  let scorer: Scorer
  let rescoring: Rescoring
  let statistics: CandidateStatistics

  func all(allLevels: Bool) -> QueryLevels {
    let lines = Parallel.map(Array(0..<problem.queryCount)) { levels($0, allLevels) }
    return QueryLevels(
      offsets: lines.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }, levels: lines.flatMap { $0 },
      relevantCounts: (0..<problem.queryCount).map { problem.relevant(to: $0).count },
      galleryCounts: (0..<problem.queryCount).map { problem.galleryCount(for: $0) })
  }

  private func levels(_ query: Int, _ allLevels: Bool) -> [Level] {
    let line = changedScores(query)
    let relevant = problem.relevant(to: query)
    let keys = Set(relevant.map { line[$0] }).sorted(by: >)
    var levels: [Level] = []
    for key in allLevels ? keys[...] : keys.prefix(1) {
      var (above, tied) = (0, 0)
      for value in line { if value > key { above += 1 } else if value == key { tied += 1 } }
      let same = relevant.count { line[$0] == key }
      let better = relevant.count { line[$0] > key }
      levels.append(Level(above: above - better, tied: tied - same, relevant: same, relevantAbove: better))
    }
    return levels
  }

  private func changedScores(_ query: Int) -> [Double] {
    var line = (0..<problem.galleryCount).map { scorer.score(query: query, item: $0) }
    let excluded = problem.exclude.flatMap { $0[query] >= 0 ? $0[query] : nil }
    if let excluded { line[excluded] = -.infinity }
    switch rescoring {
    case .dualSoftmax(let scale):
      for item in line.indices where item != excluded {
        line[item] *= exp(scale * line[item] - statistics.logSums[item])
      }
    case .querybank(_, let beta):
      guard let best = line.max(), let favourite = line.firstIndex(of: best), statistics.isFavourite[favourite]
      else { return line }
      // The logarithm of the inverted softmax: the same order.
      for item in line.indices where item != excluded { line[item] = beta * line[item] - statistics.logSums[item] }
    }
    return line
  }
}
