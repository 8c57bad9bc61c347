import Basics
import Foundation
import Ranking
import Testing

@Suite struct RescoringTests {
  private let q = 23
  private let g = 31
  private let b = 17
  private let d = 8
  private let queries: [Float]
  private let gallery: [Float]
  private let bank: [Float]
  private let wanted: [Int]

  init() {
    queries = RankTests.gaussian(q * d, seed: 11)
    gallery = RankTests.gaussian(g * d, seed: 12)
    bank = RankTests.gaussian(b * d, seed: 13)
    let g = g
    wanted = (0..<q).map { ($0 * 5) % g }
  }

  private func problem(groups: [Int]? = nil, exclude: [Int]? = nil) throws -> RankingProblem {
    try RankingProblem(
      queries: queries, gallery: gallery, dimension: d, relevant: wanted, exclude: exclude, groups: groups)
  }

  /// Cosines by definition.
  private func cosines(_ a: [Float]) -> [[Double]] {
    stride(from: 0, to: a.count, by: d).map { start in
      stride(from: 0, to: gallery.count, by: d).map { other in
        var (dot, x, y) = (0.0, 0.0, 0.0)
        for k in 0..<d {
          let (u, v) = (Double(a[start + k]), Double(gallery[other + k]))
          (dot, x, y) = (dot + u * v, x + u * u, y + v * v)
        }
        return dot / (x.squareRoot() * y.squareRoot())
      }
    }
  }

  private func ranks(_ scores: [[Double]], skipping exclude: [Int]? = nil) -> [Double] {
    scores.enumerated().map { query, line in
      Double(1 + line.indices.count { $0 != exclude?[query] && line[$0] > line[wanted[query]] })
    }
  }

  @Test(arguments: [1.0, 20, 100])
  func dualSoftmaxIsScoreTimesColumnSoftmax(scale: Double) throws {
    let scores = cosines(queries)
    let rescored = scores.map { line in
      line.enumerated().map { item, score in
        score * exp(scale * score) / scores.reduce(0) { $0 + exp(scale * $1[item]) }
      }
    }
    let result = try RankingEvaluator.evaluate(problem(), rescoring: .dualSoftmax(scale: scale))
    #expect(result.ranks.expected == ranks(rescored))
    #expect(result.ranks.expected != ranks(scores))
    #expect(result.rescoring?.name == "dual-softmax" && result.json().contains("all test queries at once"))
    #expect(result["rsum"] == nil)
  }

  @Test func querybankNormalisesOnlyWhereTheBankPointsAtTheSameItem() throws {
    let (scores, bankScores) = (cosines(queries), cosines(bank))
    let favourites = Set(bankScores.compactMap { line in line.firstIndex(of: line.max() ?? 0) })
    var changed = 0
    let rescored = scores.map { line -> [Double] in
      guard let best = line.firstIndex(of: line.max() ?? 0), favourites.contains(best) else { return line }
      changed += 1
      return line.enumerated().map { item, score in exp(20 * score) / bankScores.reduce(0) { $0 + exp(20 * $1[item]) } }
    }
    #expect(changed > 3 && changed < q)
    let result = try RankingEvaluator.evaluate(problem(), rescoring: .querybank(bank: bank, beta: 20))
    #expect(result.ranks.expected == ranks(rescored))
    #expect(result.ranks.expected != ranks(scores))
  }

  @Test func excludedRowsStayOut() throws {
    let exclude = (0..<q).map { (wanted[$0] + 1) % g }
    let scores = cosines(queries)
    let rescored = scores.map { line in
      line.enumerated().map { item, score in score * exp(20 * score) / scores.reduce(0) { $0 + exp(20 * $1[item]) } }
    }
    let result = try RankingEvaluator.evaluate(problem(exclude: exclude), rescoring: .dualSoftmax(scale: 20))
    #expect(result.ranks.expected == ranks(rescored, skipping: exclude))
  }

  @Test func groupsAreRescoredAsOneCandidate() throws {
    let groups = (0..<g).map { $0 / 3 }
    let scores = cosines(queries).map { line in
      (0...(g - 1) / 3).map { group in groups.indices.filter { groups[$0] == group }.map { line[$0] }.max() ?? 0 }
    }
    let expected = scores.enumerated().map { query, line -> Double in
      let values = line.enumerated().map { item, score in
        score * exp(20 * score) / scores.reduce(0) { $0 + exp(20 * $1[item]) }
      }
      return Double(1 + values.count { $0 > values[wanted[query] / 3] })
    }
    let result = try RankingEvaluator.evaluate(problem(groups: groups), rescoring: .dualSoftmax(scale: 20))
    #expect(result.ranks.expected == expected)
  }

  @Test func identicalRowsStillTie() throws {
    let gallery = (0..<6).flatMap { _ in Array(self.gallery[0..<d]) }
    let problem = try RankingProblem(queries: queries, gallery: gallery, dimension: d, relevant: (0..<q).map { $0 % 6 })
    for rescoring in [Rescoring.dualSoftmax(scale: 100), .querybank(bank: bank, beta: 20)] {
      let result = try RankingEvaluator.evaluate(problem, rescoring: rescoring)
      #expect(result.tiedQueries == q && result["MnR"] == 3.5)
    }
  }

  @Test func whatCannotBeRescoredIsRefused() throws {
    func message(_ rescoring: Rescoring, _ similarity: Similarity = .cosine, _ metrics: [Metric] = []) -> String {
      do {
        _ = try RankingEvaluator.evaluate(problem(), similarity: similarity, metrics: metrics, rescoring: rescoring)
        return "accepted"
      } catch { return "\(error)" }
    }
    #expect(message(.dualSoftmax(scale: 100), .euclidean).contains("similarity"))
    #expect(message(.dualSoftmax(scale: 0)).contains("positive"))
    #expect(message(.querybank(bank: [1, 2, 3], beta: 20)).contains("rows of 8"))
    #expect(message(.querybank(bank: [Float](repeating: .nan, count: d), beta: 20)).contains("NaN"))
    #expect(message(.dualSoftmax(scale: 1), .cosine, [.recallSum]).contains("rsum"))
  }
}
