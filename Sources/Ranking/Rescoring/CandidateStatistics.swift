import Basics
import Foundation

/// What a set of queries says about each candidate: `log Σ exp(scale · s)` over them, and whether one of them likes it
/// best. The queries are streamed; memory is a few numbers per candidate.
struct CandidateStatistics: Sendable {
  /// `[C]`
  let logSums: [Double]
  /// `[C]`
  let isFavourite: [Bool]

  /// Partial sums are added in one order whatever the number of cores.
  private static let parts = 16

  init(_ scorer: Scorer, candidates: Int, scale: Double) {
    let queries = scorer.queries.count
    let parts = min(CandidateStatistics.parts, queries)
    let partials = Parallel.map(Array(0..<parts)) { part in
      var partial = Partial(candidates)
      for query in (queries * part / parts)..<(queries * (part + 1) / parts) { partial.add(scorer, query, scale) }
      return partial
    }
    logSums = (0..<candidates).map { item in
      let largest = partials.reduce(-Double.infinity) { max($0, $1.largest[item]) }
      let sum = partials.reduce(0) { $0 + $1.sums[item] * exp($1.largest[item] - largest) }
      return largest + log(sum)
    }
    isFavourite = (0..<candidates).map { item in partials.contains { $0.isFavourite[item] } }
  }

  /// A running log-sum per candidate.
  private struct Partial {
    var largest: [Double]
    var sums: [Double]
    var isFavourite: [Bool]

    init(_ candidates: Int) {
      largest = [Double](repeating: -.infinity, count: candidates)
      sums = [Double](repeating: 0, count: candidates)
      isFavourite = [Bool](repeating: false, count: candidates)
    }

    mutating func add(_ scorer: Scorer, _ query: Int, _ scale: Double) {
      var (favourite, best) = (0, -Double.infinity)
      for item in largest.indices {
        let score = scorer.score(query: query, item: item)
        if score > best { (favourite, best) = (item, score) }
        let exponent = scale * score
        if exponent > largest[item] {
          sums[item] = sums[item] * exp(largest[item] - exponent) + 1
          largest[item] = exponent
        } else {
          sums[item] += exp(exponent - largest[item])
        }
      }
      isFavourite[favourite] = true
    }
  }
}
