import Basics
import Foundation
import Ranking
import Testing

@Suite struct GroupTests {
  private static let metrics = ["R@1", "R@5", "MedR", "MnR", "mAP", "nDCG@5", "recall@3"]

  /// Conformance vector B: one-based rank 2 among groups, 3 among captions.
  @Test func vectorB() throws {
    let scores: [Float] = [0.5, 0.4, 0.9, 0.8, 0.1, 0.2]
    func rank(_ groups: [Int]?) throws -> Double? {
      let problem = try RankingProblem(
        queries: [1], gallery: scores, dimension: 1, indptr: [0, 2], indices: [0, 1], groups: groups)
      return try RankingEvaluator.evaluate(problem, similarity: .dot, metrics: [.meanRank])["MnR"]
    }
    #expect(try rank([0, 0, 1, 1, 2, 2]) == 2)
    #expect(try rank(nil) == 3)
  }

  /// Grouped ranks equal ranks over a matrix whose columns are the groups' maxima, whatever the order of the rows.
  @Test(arguments: [Similarity.dot, .cosine, .euclidean], [TiePolicy.expected, .optimistic, .pessimistic])
  func equalMaximaOverGroups(similarity: Similarity, ties: TiePolicy) throws {
    for seed in 0..<6 {
      var generator = SeededGenerator(seed: UInt64(seed))
      let (q, videos, dimension) = (9, 7, 3)
      // One to four captions per video, in shuffled rows.
      let groups = (0..<videos).flatMap { [Int](repeating: $0, count: Int.random(in: 1...4, using: &generator)) }
        .shuffled(using: &generator)
      func draw(_ count: Int) -> [Float] { (0..<count).map { _ in Float(Int.random(in: -2...2, using: &generator)) } }
      let (queries, gallery) = (draw(q * dimension), draw(groups.count * dimension))
      let relevant = (0..<q).map { $0 % videos }
      let rows = relevant.map { wanted in groups.indices.filter { groups[$0] == wanted } }
      let problem = try RankingProblem(
        queries: queries, gallery: gallery, dimension: dimension,
        indptr: rows.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }, indices: rows.flatMap { $0 },
        groups: groups)
      #expect(problem.galleryCount == videos && !problem.hasReverse)
      let oracle = Oracle(
        scores: (0..<q).map { query in
          (0..<videos).map { video in
            groups.indices.filter { groups[$0] == video }.map { row in
              GroupTests.score(queries, query, gallery, row, dimension, similarity)
            }.max() ?? 0
          }
        }, relevant: relevant.map { [$0] }, exclude: nil)
      let metrics = try GroupTests.metrics.map(Metric.parse)
      let result = try RankingEvaluator.evaluate(problem, similarity: similarity, ties: ties, metrics: metrics)
      for value in result.metrics {
        #expect(isClose(value.value, oracle.value(value.metric.name, ties)), "\(similarity) \(ties) \(value.metric) \(seed)")
      }
      for size in [1, 2, 5] {
        let tiled = try RankingEvaluator.evaluate(
          problem, similarity: similarity, ties: ties, metrics: metrics, tile: Tile(queries: size, gallery: size))
        #expect(tiled.json() == result.json(), "tile \(size)")
      }
    }
  }

  private static func score(
    _ queries: [Float], _ query: Int, _ gallery: [Float], _ row: Int, _ d: Int, _ similarity: Similarity
  ) -> Double {
    let a = (0..<d).map { Double(queries[query * d + $0]) }
    let b = (0..<d).map { Double(gallery[row * d + $0]) }
    let dot = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    let norm = b.reduce(0) { $0 + $1 * $1 }
    switch similarity {
    case .dot: return dot
    case .euclidean: return -zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    case .cosine: return norm == 0 ? 0 : (dot < 0 ? -1 : 1) * dot * dot / norm
    }
  }

  @Test func flatAndGroupedDifferAsTheFieldHasIt() throws {
    // Twenty near-duplicate captions per video: a rival's captions push the own ones down one by one.
    let (videos, captions, d) = (30, 20, 16)
    let centres = RankTests.gaussian(videos * d, seed: 1)
    let noise = RankTests.gaussian(videos * captions * d, seed: 2)
    let queries = zip(centres, RankTests.gaussian(videos * d, seed: 3)).map { $0 + 1.5 * $1 }
    let gallery = (0..<(videos * captions * d)).map { i in centres[(i / d / captions) * d + i % d] + 0.2 * noise[i] }
    let groups = (0..<(videos * captions)).map { $0 / captions }
    func result(_ groups: [Int]?) throws -> RankingResult {
      try RankingEvaluator.evaluate(
        try RankingProblem(
          queries: queries, gallery: gallery, dimension: d, indptr: (0...videos).map { $0 * captions },
          indices: Array(0..<(videos * captions)), groups: groups))
    }
    let (flat, grouped) = (try result(nil), try result(groups))
    #expect(flat["R@1"] == grouped["R@1"])
    #expect((flat["MnR"] ?? 0) > 3 * (grouped["MnR"] ?? 0))
    #expect(flat.gallery == videos * captions && grouped.gallery == videos)
    // One direction only: the best caption of a video asks nothing.
    #expect(grouped["rsum"] == nil && flat["rsum"] != nil)
  }

  @Test func badGroupsAreRefused() throws {
    func problem(_ groups: [Int], exclude: [Int]? = nil) -> String {
      do {
        _ = try RankingProblem(
          queries: [1], gallery: [1, 2, 3], dimension: 1, indptr: [0, 1], indices: [0], exclude: exclude, groups: groups)
        return "accepted"
      } catch { return "\(error)" }
    }
    #expect(problem([0, 0]).contains("2 entries for 3 rows"))
    #expect(problem([0, 2, 2]).contains("the group 1 has no rows"))
    #expect(problem([0, -1, 0]).contains("-1"))
    #expect(problem([0, 9, 0]).contains("9"))
    #expect(problem([0, 1, 1], exclude: [2]).contains("cannot be used together"))
    #expect(problem([0, 1, 1]) == "accepted")
  }
}
