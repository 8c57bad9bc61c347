import Basics
import Ranking

/// Random problems with small integer vectors, so that scores are exact and ties are everywhere.
struct RandomCase {
  var queries: [Float]
  var gallery: [Float]
  let dimension: Int
  var relevant: [Set<Int>]
  var exclude: [Int]?

  init(seed: UInt64, queries q: Int, gallery g: Int, dimension: Int, spread: Int, several: Bool, exclude: Bool) {
    var generator = SeededGenerator(seed: seed)
    let draw = { (count: Int, generator: inout SeededGenerator) in
      (0..<count).map { _ in Float(Int.random(in: -spread...spread, using: &generator)) }
    }
    queries = draw(q * dimension, &generator)
    gallery = draw(g * dimension, &generator)
    self.dimension = dimension
    let excluded = (0..<q).map { _ in Int.random(in: -1..<g, using: &generator) }
    self.exclude = exclude ? excluded : nil
    relevant = []
    for query in 0..<q {
      var wanted: Set<Int> = []
      let count = several ? Int.random(in: 1...max(1, g - 2), using: &generator) : 1
      while wanted.count < count {
        let item = Int.random(in: 0..<g, using: &generator)
        if !(exclude && item == excluded[query]) { wanted.insert(item) }
      }
      relevant.append(wanted)
    }
  }

  func problem() throws -> RankingProblem {
    var indptr = [0]
    for wanted in relevant { indptr.append(indptr[indptr.count - 1] + wanted.count) }
    return try RankingProblem(
      queries: queries, gallery: gallery, dimension: dimension, indptr: indptr,
      indices: relevant.flatMap { $0.sorted() }, exclude: exclude)
  }

  func oracle(_ similarity: Similarity) -> Oracle {
    let rows = { (all: [Float]) in
      stride(from: 0, to: all.count, by: dimension).map { start in all[start..<(start + dimension)].map(Double.init) }
    }
    let scores = rows(queries).map { q in
      rows(gallery).map { g -> Double in
        let dot = zip(q, g).reduce(0) { $0 + $1.0 * $1.1 }
        let norm = g.reduce(0) { $0 + $1 * $1 }
        switch similarity {
        case .dot: return dot
        case .euclidean: return -zip(q, g).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        // The cosine squared with its sign, short of the query's norm: exact integers, one division.
        case .cosine: return norm == 0 ? 0 : (dot < 0 ? -1 : 1) * dot * dot / norm
        }
      }
    }
    return Oracle(scores: scores, relevant: relevant, exclude: exclude)
  }
}

/// A problem whose dot products are a given score matrix: queries are unit vectors, gallery rows its columns.
func matrixProblem(_ scores: [[Float]], relevant: [Int]) throws -> RankingProblem {
  let q = scores.count
  let unit = (0..<q).flatMap { i in (0..<q).map { Float($0 == i ? 1 : 0) } }
  let columns = scores[0].indices.flatMap { j in scores.map { $0[j] } }
  return try RankingProblem(queries: unit, gallery: columns, dimension: q, relevant: relevant)
}

func isClose(_ a: Double?, _ b: Double, _ tolerance: Double = 1e-9) -> Bool {
  guard let a else { return false }
  return abs(a - b) <= tolerance * max(1, abs(b))
}
