import Basics
import Foundation
import Ranking
import Testing

/// Comparisons against NumPy and SciPy (scripts/golden/compare.py), and what a comparison refuses.
@Suite struct CompareTests {
  struct Golden: Decodable {
    struct Side: Decodable {
      let queries: [Float]
      let gallery: [Float]
    }
    struct Expected: Decodable {
      let a, b, effectSize: Double
      let better, worse: Int
      let low, high, bootstrapP, randomisationP: [Double]
    }
    struct Case: Decodable {
      let name: String
      let dimension: Int
      let a, b: [Side]
      let relevant: [[Int]]
      let excludeSelf: Bool
      let expected: [String: Expected]
    }
    struct Holm: Decodable {
      let p, adjusted: [Double]
    }
    let cases: [Case]
    let holm: Holm
  }

  private func golden() throws -> Golden {
    let url = try #require(Bundle.module.url(forResource: "compare", withExtension: "json", subdirectory: "Golden"))
    return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
  }

  private func ranked(_ side: Golden.Side, _ test: Golden.Case) throws -> RankedQueries {
    let problem = try RankingProblem(
      queries: side.queries, gallery: side.gallery, dimension: test.dimension,
      indptr: test.relevant.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) },
      indices: test.relevant.flatMap { $0 }, exclude: test.excludeSelf ? Array(test.relevant.indices) : nil)
    return try RankingEvaluator.evaluate(problem, similarity: .dot, metrics: [.meanAveragePrecision]).ranked
  }

  @Test(arguments: ["few", "seeds", "blocks"])
  func agreesWithAnIndependentImplementation(name: String) throws {
    let test = try #require(try golden().cases.first { $0.name == name })
    let comparison = try RunComparison(
      test.a.map { try ranked($0, test) }, test.b.map { try ranked($0, test) }, ties: .expected, seed: 7)
    for (metric, expected) in test.expected {
      let found = try comparison.compare(try Metric.parse(metric))
      #expect(isClose(found.a, expected.a) && isClose(found.b, expected.b), "\(metric)")
      #expect(isClose(found.difference, expected.a - expected.b))
      #expect(isClose(found.effectSize, expected.effectSize), "\(metric)")
      #expect(found.better == expected.better && found.worse == expected.worse, "\(metric)")
      let between = [
        ("low", found.ci95.low, expected.low), ("high", found.ci95.high, expected.high),
        ("bootstrap", found.bootstrapP, expected.bootstrapP),
        ("randomisation", found.randomisationP, expected.randomisationP),
      ]
      for (what, value, range) in between {
        #expect(range[0] - 1e-9 <= value && value <= range[1] + 1e-9, "\(metric) \(what): \(value) in \(range)")
      }
    }
  }

  @Test func holmAgrees() throws {
    let golden = try golden().holm
    #expect(golden.p.count == 9)
    #expect(zip(Significance.holm(golden.p), golden.adjusted).allSatisfy { isClose($0, $1) })
  }

  @Test func equalSeedsGiveEqualTests() throws {
    let test = try #require(try golden().cases.last)
    let (a, b) = (try test.a.map { try ranked($0, test) }, try test.b.map { try ranked($0, test) })
    let metric = Metric.recall(at: 1)
    let first = try RunComparison(a, b, ties: .expected, seed: 1).compare(metric)
    #expect(try RunComparison(a, b, ties: .expected, seed: 1).compare(metric) == first)
    #expect(try RunComparison(a, b, ties: .expected, seed: 2).compare(metric).ci95 != first.ci95)
    // Swapping the systems turns the sign and nothing else.
    let turned = try RunComparison(b, a, ties: .expected, seed: 1).compare(metric)
    #expect(isClose(turned.difference, -first.difference) && turned.better == first.worse)
    #expect(turned.randomisationP == first.randomisationP)
    // A system does not differ from itself, over one seed or, repeated, over three.
    let same = try RunComparison(a + a + a, a, ties: .expected).compare(.medianRank)
    #expect(same.randomisationP == 1 && same.bootstrapP == 1 && same.difference == 0 && same.effectSize == nil)
  }

  @Test func bothDirectionsCount() throws {
    let test = try #require(try golden().cases.last)
    let sides = try [test.a[0], test.b[0]].map { side in
      let problem = try RankingProblem(
        queries: side.queries, gallery: side.gallery, dimension: test.dimension, relevant: test.relevant.flatMap { $0 })
      return try RankingEvaluator.evaluate(problem, similarity: .dot)
    }
    let found = try RunComparison([sides[0].ranked], [sides[1].ranked], ties: .expected).compare(.recallSum)
    let sums = try sides.map { try #require($0["rsum"]) }
    #expect(isClose(found.a, sums[0]) && isClose(found.b, sums[1]))
    #expect(found.ci95.low < found.difference && found.difference < found.ci95.high)
    #expect(found.effectSize == nil)
  }

  @Test func otherQueriesAreRefused() throws {
    let cases = try golden().cases
    let few = try ranked(cases[0].a[0], cases[0])
    let blocks = try ranked(cases[2].a[0], cases[2])
    let error = #expect(throws: IeumError.self) { try RunComparison([few], [blocks], ties: .expected) }
    #expect(error?.exitCode == 65)
    let policy = #expect(throws: IeumError.self) { try RunComparison([few], [few], ties: .ce) }
    #expect(policy?.exitCode == 64)
    #expect(throws: IeumError.self) { try RunComparison([], [few], ties: .expected) }
    // Ranks stored for R@K alone do not know the other relevant items.
    let seeds = cases[1]
    let problem = try RankingProblem(
      queries: seeds.a[0].queries, gallery: seeds.a[0].gallery, dimension: seeds.dimension,
      indptr: seeds.relevant.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) },
      indices: seeds.relevant.flatMap { $0 }, exclude: Array(seeds.relevant.indices))
    let best = try RankingEvaluator.evaluate(problem, metrics: [.recall(at: 1)]).ranked
    let comparison = try RunComparison([best], [best], ties: .expected)
    let metric = #expect(throws: IeumError.self) { try comparison.compare(.cappedRecall(at: 5)) }
    #expect(metric?.exitCode == 64)
  }
}
