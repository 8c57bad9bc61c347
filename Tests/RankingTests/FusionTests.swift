import Basics
import Foundation
import Ranking
import Testing

@Suite struct FusionTests {
  private let q = 12
  private let g = 20

  private func part(_ d: Int, seed: UInt64) -> ScoreFusion.Part {
    ScoreFusion.Part(
      queries: RankTests.gaussian(q * d, seed: seed), gallery: RankTests.gaussian(g * d, seed: seed + 1), dimension: d)
  }

  private func scores(_ part: ScoreFusion.Part, _ similarity: Similarity) -> [[Double]] {
    let d = part.dimension
    return (0..<q).map { i in
      (0..<g).map { j in
        var (dot, x, y) = (0.0, 0.0, 0.0)
        for k in 0..<d {
          let (u, v) = (Double(part.queries[i * d + k]), Double(part.gallery[j * d + k]))
          (dot, x, y) = (dot + u * v, x + u * u, y + v * v)
        }
        return similarity == .dot ? dot : dot / (x.squareRoot() * y.squareRoot())
      }
    }
  }

  @Test(arguments: [Similarity.cosine, .dot], ScoreFusion.Normalisation.allCases)
  func ranksAreThoseOfTheWeightedSum(similarity: Similarity, normalisation: ScoreFusion.Normalisation) throws {
    let parts = [part(5, seed: 1), part(9, seed: 3)]
    let weights = [0.7, 0.3]
    let fused = try ScoreFusion(parts, weights: weights, similarity: similarity, normalisation: normalisation).fused
    #expect(fused.dimension == 14)
    let tables = parts.map { scores($0, similarity) }
    let sums = (0..<q).map { i -> [Double] in
      let spreads = tables.map { table -> Double in
        let mean = table[i].reduce(0, +) / Double(g)
        return (table[i].reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(g)).squareRoot()
      }
      return (0..<g).map { j in
        tables.indices.reduce(0) { $0 + weights[$1] * tables[$1][i][j] / (normalisation == .zScore ? spreads[$1] : 1) }
      }
    }
    let expected = sums.enumerated().map { i, line in Double(1 + line.count { $0 > line[i] }) }
    let result = try RankingEvaluator.evaluate(
      RankingProblem(
        queries: fused.queries, gallery: fused.gallery, dimension: fused.dimension, relevant: Array(0..<q)),
      similarity: .dot)
    #expect(result.ranks.expected == expected)
  }

  @Test func aWeightOfZeroLeavesTheOtherAlone() throws {
    let parts = [part(5, seed: 1), part(9, seed: 3)]
    let fused = try ScoreFusion(parts, weights: [0, 2], similarity: .cosine).fused
    func ranks(_ part: ScoreFusion.Part, _ similarity: Similarity) throws -> [Double] {
      try RankingEvaluator.evaluate(
        RankingProblem(queries: part.queries, gallery: part.gallery, dimension: part.dimension, relevant: Array(0..<q)),
        similarity: similarity
      ).ranks.expected
    }
    #expect(try ranks(fused, .dot) == ranks(parts[1], .cosine))
    for weights in [[1.0], [0, 0], [-1, 2], [.nan, 1]] {
      #expect(throws: IeumError.self) { try ScoreFusion(parts, weights: weights, similarity: .cosine) }
    }
    #expect(throws: IeumError.self) { try ScoreFusion(parts, weights: [1, 1], similarity: .euclidean) }
    let short = ScoreFusion.Part(queries: Array(parts[0].queries.dropLast(5)), gallery: parts[0].gallery, dimension: 5)
    #expect(throws: IeumError.self) { try ScoreFusion([short, parts[1]], weights: [1, 1], similarity: .cosine) }
  }

  @Test func foldMeansAreArithmetic() throws {
    func result(_ scores: [[Float]]) throws -> RankingResult {
      try RankingEvaluator.evaluate(matrixProblem(scores, relevant: [0, 1]), similarity: .dot)
    }
    // Ranks 1, 1 and 2, 1: MedR 1 and 1.5.
    let means = FoldMeans([try result([[1, 0], [0, 1]]), try result([[1, 2], [0, 1]])])
    #expect(means[.recall(at: 1)] == 75 && means[.medianRank] == 1.25 && means[.meanRank] == 1.25)
    #expect(means.values(.medianRank) == [1, 1.5])
  }

  @Test func absentRowsAreMissesAtTheEnd() throws {
    // Ranked: query 0 finds its item first of two, query 1 second. Two more candidates and one more query are absent.
    let problem = try matrixProblem([[2, 1], [2, 1]], relevant: [0, 1])
    let absent = AbsentRows(candidates: 2, relevant: [0, 1], unrankedQueries: [1])
    let result = try RankingEvaluator.evaluate(
      problem, similarity: .dot, metrics: ["R@1", "R@2", "R@4", "MnR", "recall@4", "mAP"].map(Metric.parse), absent: absent)
    #expect(result.queries == 3 && result.gallery == 4)
    #expect(result.ranks.expected == [1, 2, 4])
    #expect(isClose(result["R@1"], 100.0 / 3) && isClose(result["R@2"], 200.0 / 3) && isClose(result["R@4"], 100))
    #expect(isClose(result["MnR"], 7.0 / 3))
    // Query 1 has a second relevant item, which stands last of four: precisions 1/2 and 2/4.
    #expect(isClose(result["mAP"], 100 * (1 + 0.5 + 0.25) / 3))
    #expect(isClose(result["recall@4"], 100))
    #expect(throws: IeumError.self) {
      try RankingEvaluator.evaluate(problem, similarity: .dot, metrics: [.recallSum], absent: absent)
    }
  }
}
