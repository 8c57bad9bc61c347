import Basics
import Foundation
import Ranking
import Testing

@Suite struct RankTests {
  static func gaussian(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Float((0..<6).reduce(-3.0) { sum, _ in sum + generator.uniform() }) }
  }

  static let metrics = ["R@1", "R@10", "MedR", "MnR", "mAP", "nDCG@10", "cappedR@5", "rsum"]

  /// Straightforward double-precision ranking by sorting.
  private func places(_ q: [Float], _ g: [Float], _ d: Int, _ similarity: Similarity) -> [[Int]] {
    (0..<(q.count / d)).map { i in
      let scores = (0..<(g.count / d)).map { j -> Double in
        var (dot, nq, ng, distance) = (0.0, 0.0, 0.0, 0.0)
        for k in 0..<d {
          let (x, y) = (Double(q[i * d + k]), Double(g[j * d + k]))
          dot += x * y
          nq += x * x
          ng += y * y
          distance += (x - y) * (x - y)
        }
        switch similarity {
        case .dot: return dot
        case .cosine: return dot / (nq.squareRoot() * ng.squareRoot())
        case .euclidean: return -distance
        }
      }
      return scores.indices.sorted { scores[$0] > scores[$1] }
    }
  }

  @Test(arguments: Similarity.allCases)
  func agreesWithSorting(similarity: Similarity) throws {
    let (q, g, d) = (70, 230, 19)
    let (queries, gallery) = (RankTests.gaussian(q * d, seed: 1), RankTests.gaussian(g * d, seed: 2))
    let wanted = (0..<q).map { i in [i, i + 100, (i * 7) % 90].map { $0 % g } }
    let problem = try RankingProblem(
      queries: queries, gallery: gallery, dimension: d, indptr: (0...q).map { $0 * 3 }, indices: wanted.flatMap { $0 })
    let sorted = places(queries, gallery, d, similarity)
    let result = try RankingEvaluator.evaluate(problem, similarity: similarity, metrics: RankTests.metrics.map(Metric.parse))
    let ranks = (0..<q).map { i in Double((sorted[i].firstIndex { wanted[i].contains($0) } ?? -1) + 1) }
    #expect(result.ranks.expected == ranks)
    #expect(result.tiedQueries == 0)
    #expect(result.policies.isEmpty)
  }

  @Test(arguments: Similarity.allCases)
  func tilesChangeNothing(similarity: Similarity) throws {
    let (q, g, d) = (40, 90, 33)
    var gallery = RankTests.gaussian(g * d, seed: 4)
    // Every row from 30 on repeats an earlier one, so that each query's best item ties.
    for j in 30..<g { for k in 0..<d { gallery[j * d + k] = gallery[(j % 30) * d + k] } }
    let problem = try RankingProblem(
      queries: RankTests.gaussian(q * d, seed: 3), gallery: gallery, dimension: d, indptr: (0...q).map { $0 * 6 },
      indices: (0..<q).flatMap { i in (0..<6).map { (i + 5 * $0) % 30 } })
    let metrics = try RankTests.metrics.map(Metric.parse)
    let whole = try RankingEvaluator.evaluate(problem, similarity: similarity, metrics: metrics)
    #expect(whole.tiedQueries == q)
    for size in [1, 7, 64] {
      let tiled = try RankingEvaluator.evaluate(
        problem, similarity: similarity, metrics: metrics, tile: Tile(queries: size, gallery: size))
      #expect(tiled.json() == whole.json(), "tile \(size)")
    }
    for (low, high) in zip(whole.ranks.optimistic, whole.ranks.pessimistic) { #expect(high - low >= 2) }
  }

  @Test func tinyDifferencesAreSeen() throws {
    // Scores that f32 products cannot tell apart, but their vectors can.
    let d = 64
    let base = RankTests.gaussian(d, seed: 9)
    var gallery: [Float] = []
    for j in 0..<50 {
      var row = base
      row[0] = row[0] + Float(j) * row[0].ulp
      gallery += row
    }
    let query = base.map { $0.magnitude }
    let problem = try RankingProblem(queries: query, gallery: gallery, dimension: d, relevant: [20])
    let result = try RankingEvaluator.evaluate(problem, similarity: .dot, metrics: [.meanRank])
    #expect(result["MnR"] == (base[0] > 0 ? 30 : 21))
    #expect(result.tiedQueries == 0)
  }

  @Test func orderOfTheGalleryIsIrrelevant() throws {
    for seed in 0..<8 {
      var random = RandomCase(
        seed: UInt64(seed), queries: 12, gallery: 30, dimension: 3, spread: 1, several: true, exclude: seed % 2 == 0)
      let metrics = try MetricTests.closed.map(Metric.parse)
      let before = try RankingEvaluator.evaluate(random.problem(), metrics: metrics)
      var generator = SeededGenerator(seed: 77)
      let order = Array(0..<30).shuffled(using: &generator)
      random.gallery = order.flatMap { Array(random.gallery[($0 * 3)..<($0 * 3 + 3)]) }
      var place = [Int](repeating: 0, count: 30)
      for (new, old) in order.enumerated() { place[old] = new }
      random.relevant = random.relevant.map { Set($0.map { place[$0] }) }
      random.exclude = random.exclude.map { $0.map { $0 < 0 ? -1 : place[$0] } }
      let after = try RankingEvaluator.evaluate(random.problem(), metrics: metrics)
      for metric in metrics { #expect(isClose(after[metric], before[metric] ?? -1, 1e-12), "\(metric)") }
    }
  }

  @Test func scaleIsIrrelevantUnderCosine() throws {
    let (q, g, d) = (20, 60, 12)
    let (queries, gallery) = (RankTests.gaussian(q * d, seed: 5), RankTests.gaussian(g * d, seed: 6))
    let relevant = Array(0..<q)
    let plain = try RankingEvaluator.evaluate(
      RankingProblem(queries: queries, gallery: gallery, dimension: d, relevant: relevant))
    let factors = (0..<g).map { Float(sign: .plus, exponent: $0 % 60 - 30, significand: 1) }
    let scaled = gallery.indices.map { gallery[$0] * factors[$0 / d] }
    let other = try RankingEvaluator.evaluate(
      RankingProblem(queries: queries.map { $0 * 0x1p40 }, gallery: scaled, dimension: d, relevant: relevant))
    #expect(other.json() == plain.json())
  }

  @Test func hugeAndTinyVectorsHaveFiniteScores() throws {
    for similarity in Similarity.allCases {
      let gallery: [Float] = [3e38, 3e38, 1e38, -1e38, 1e-40, 1e-40, -3e38, 3e37]
      let problem = try RankingProblem(
        queries: [3e38, 2e38], gallery: gallery, dimension: 2, relevant: [0])
      let result = try RankingEvaluator.evaluate(problem, similarity: similarity)
      #expect(result.ranks.expected == (similarity == .cosine ? [2] : [1]), "\(similarity)")
    }
  }

  @Test func zeroVectorsHaveSimilarityZero() throws {
    // Gallery: zero (0), orthogonal (0), opposite (−1), same (1).
    let problem = try RankingProblem(
      queries: [1, 0, 0, 0], gallery: [0, 0, 0, 5, -2, 0, 3, 0], dimension: 2, relevant: [0, 3])
    let result = try RankingEvaluator.evaluate(problem)
    #expect(result.ranks.optimistic == [2, 1])
    #expect(result.ranks.pessimistic == [3, 4])
    #expect(result.zeroVectors == 2)
    #expect(result.tiedQueries == 2)
  }

  @Test func manyLevels() throws {
    // 40 relevant items take the binary search; rounded integers take the exact path.
    for (spread, d) in [(2, 5), (1, 3)] {
      let random = RandomCase(seed: 5, queries: 9, gallery: 80, dimension: d, spread: spread, several: true, exclude: true)
      let oracle = random.oracle(.cosine)
      let result = try RankingEvaluator.evaluate(
        random.problem(), ties: .pessimistic, metrics: ["mAP", "nDCG@20", "recall@9"].map(Metric.parse))
      for value in result.metrics { #expect(isClose(value.value, oracle.value(value.metric.name, .pessimistic))) }
      let dot = try RankingEvaluator.evaluate(
        random.problem(), similarity: .dot, ties: .optimistic, metrics: ["mAP", "mAP@7-found"].map(Metric.parse))
      for value in dot.metrics {
        #expect(isClose(value.value, random.oracle(.dot).value(value.metric.name, .optimistic)))
      }
    }
  }

  @Test func badInputIsRefused() throws {
    let fine: [Float] = [1, 0, 0, 1]
    let message = { (make: () throws -> RankingProblem) -> String in
      do {
        _ = try make()
        return "nothing thrown"
      } catch let error as IeumError {
        return error.kind == .data ? error.description : "kind \(error.kind)"
      }
    }
    for bad in [Float.nan, .infinity, -.infinity] {
      #expect(
        try message {
          try RankingProblem(queries: fine, gallery: [1, 0, 0, bad], dimension: 2, relevant: [0, 1])
        }.contains("gallery, row 1"))
    }
    #expect(
      try message {
        try RankingProblem(
          queries: fine, gallery: fine, dimension: 2, indptr: [0, 1, 1], indices: [0], queryNames: ["cat", "dog"])
      }.contains("query 1 ('dog')"))
    #expect(
      try message {
        try RankingProblem(queries: fine, gallery: fine, dimension: 2, relevant: [0, 1], exclude: [-1, 1])
      }.contains("no relevant item"))
    #expect(
      try message { try RankingProblem(queries: fine, gallery: fine, dimension: 2, relevant: [0, -1]) }
        .contains("query 1"))
    #expect(
      try message { try RankingProblem(queries: fine, gallery: fine, dimension: 2, relevant: [0, 2]) }
        .contains("does not exist"))
    #expect(try message { try RankingProblem(queries: [], gallery: fine, dimension: 2, relevant: []) }.contains("queries"))
    #expect(
      try message { try RankingProblem(queries: fine, gallery: fine, dimension: 2, relevant: [0]) }
        .contains("does not fit"))
    #expect(
      try message { try RankingProblem(queries: fine, gallery: [1, 2, 3], dimension: 2, relevant: [0, 1]) }
        .contains("gallery"))
  }

  @Test func jsonHoldsWhatTheContractNames() throws {
    let problem = try matrixProblem([[3, 3, 1], [0, 2, 2], [1, 1, 1]], relevant: [0, 1, 2])
    let result = try RankingEvaluator.evaluate(problem, similarity: .dot)
    let parsed = try JSONSerialization.jsonObject(with: Data(result.json().utf8)) as? [String: Any] ?? [:]
    #expect(Set(parsed.keys) == Set(result.jsonObject.keys))
    #expect(
      Set(parsed.keys) == [
        "R@1", "R@5", "R@10", "MedR", "MnR", "rsum", "queries", "gallery", "similarity", "ties", "policies", "ci95",
        "zeroVectors",
      ])
    #expect((parsed["ties"] as? [String: Any])?["queries"] as? Int == 3)
    let policies = parsed["policies"] as? [String: [String: Double]] ?? [:]
    #expect(Set(policies.keys) == ["expected", "optimistic", "pessimistic"])
    #expect(policies["optimistic"]?["R@1"] == 100)
    #expect(policies["pessimistic"]?["R@1"] == 0)
    #expect((parsed["ci95"] as? [String: [Double]])?["MnR"]?.count == 2)
  }
}
