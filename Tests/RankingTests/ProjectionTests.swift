import Basics
import Ranking
import Testing

@Suite struct ProjectionTests {
  @Test func lineByHand() throws {
    // Points on the line y = 2x about (1, 2): direction (1, 2)/√5, variance 2 · 5 / 2 = 5.
    let pca = try PCA.fit([0, 0, 1, 2, 2, 4], dimension: 2)
    #expect(pca.mean == [1, 2])
    #expect(isClose(pca.variances[0], 5) && abs(pca.variances[1]) < 1e-12)
    #expect(isClose(pca.components[0], 1 / 5.0.squareRoot()) && isClose(pca.components[1], 2 / 5.0.squareRoot()))
    let projected = try pca.project([2, 4])
    #expect(isClose(Double(projected[0]), 5.0.squareRoot(), 1e-6) && abs(projected[1]) < 1e-6)
  }

  @Test(arguments: [(40, 7), (9, 30), (12, 12)])
  func directionsAreOrthonormalAndCarryTheirVariance(count: Int, dimension: Int) throws {
    let rows = RankTests.gaussian(count * dimension, seed: 11)
    let wanted = min(count - 1, dimension)
    let pca = try PCA.fit(rows, dimension: dimension, components: wanted)
    let axis = { (c: Int) in Array(pca.components[(c * dimension)..<((c + 1) * dimension)]) }
    for a in 0..<wanted {
      for b in 0...a {
        let dot = zip(axis(a), axis(b)).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(dot - (a == b ? 1 : 0)) < 1e-9)
      }
      #expect(axis(a).max { abs($0) < abs($1) } ?? -1 > 0)
    }
    #expect(pca.variances == pca.variances.sorted(by: >))
    let points = try pca.project(rows)
    for c in 0..<wanted {
      let values = (0..<count).map { Double(points[$0 * wanted + c]) }
      let variance = values.reduce(0) { $0 + $1 * $1 } / Double(count - 1)
      #expect(isClose(variance, pca.variances[c], 1e-4))
    }
    var total = 0.0
    for d in 0..<dimension {
      for i in 0..<count {
        let x = Double(rows[i * dimension + d]) - pca.mean[d]
        total += x * x / Double(count - 1)
      }
    }
    #expect(isClose(pca.variances.reduce(0, +), total))
  }

  @Test func bothWaysAgree() throws {
    // 12 rows × 13 columns with a constant last column go through the Gram matrix, without it through the covariance.
    let rows = RankTests.gaussian(12 * 12, seed: 3)
    let wide = (0..<12).flatMap { row -> [Float] in Array(rows[(row * 12)..<(row * 12 + 12)]) + [4] }
    let (narrow, gram) = (try PCA.fit(rows, dimension: 12), try PCA.fit(wide, dimension: 13))
    for c in 0..<2 {
      #expect(isClose(gram.variances[c], narrow.variances[c]))
      for d in 0..<12 { #expect(isClose(gram.components[c * 13 + d], narrow.components[c * 12 + d])) }
    }
  }

  @Test func badRowsAreRefused() {
    #expect(throws: IeumError.self) { try PCA.fit([1, 2], dimension: 2) }
    #expect(throws: IeumError.self) { try PCA.fit([1, .nan, 2, 3], dimension: 2) }
    #expect(throws: IeumError.self) { try PCA.fit([1, 2, 3, 4], dimension: 2, components: 3) }
  }

  @Test func retrievalOfKNeighboursFindsNothingBeyondThem() throws {
    // Twenty points on a line, the query at its start; relevant: the 20 but itself.
    let problem = try RankingProblem(
      queries: [0], gallery: (0..<20).map { Float($0) }, dimension: 1, indptr: [0, 19], indices: Array(1..<20),
      exclude: [0])
    func value(_ metric: Metric, depth: Int?) throws -> Double {
      try RankingEvaluator.evaluate(problem, similarity: .euclidean, metrics: [metric], depth: depth).metrics[0].value
    }
    #expect(isClose(try value(.cappedRecall(at: 10), depth: 11), 100))
    #expect(isClose(try value(.cappedRecall(at: 19), depth: 11), 100 * 11.0 / 19))
    #expect(isClose(try value(.cappedRecall(at: 19), depth: nil), 100))
    #expect(isClose(try value(.medianRank, depth: 11), 1))
  }
}
