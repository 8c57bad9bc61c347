import Basics
import Ranking
import Testing

@Suite struct StatisticsTests {
  @Test func intervalsCoverTheNormalApproximation() throws {
    let values = RankTests.gaussian(400, seed: 8).map(Double.init)
    let mean = values.reduce(0, +) / 400
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 400).squareRoot()
    let interval = try Bootstrap.interval(ofMean: values, seed: 3)
    #expect(abs(interval.low - (mean - 1.96 * deviation / 20)) < 0.01)
    #expect(abs(interval.high - (mean + 1.96 * deviation / 20)) < 0.01)
    #expect(try Bootstrap.interval(ofMean: values, seed: 3) == interval)
    #expect(try Bootstrap.interval(ofMean: values, seed: 4) != interval)
    #expect(throws: IeumError.self) { try Bootstrap.interval(ofMean: []) }
  }

  @Test func intervalsHoldTheValues() throws {
    let random = RandomCase(seed: 2, queries: 80, gallery: 40, dimension: 4, spread: 2, several: true, exclude: false)
    for policy in TiePolicy.allCases {
      let result = try RankingEvaluator.evaluate(random.problem(), ties: policy)
      for (value, ci) in zip(result.metrics, result.ci95) {
        #expect(value.metric == ci.metric)
        #expect(ci.interval.low <= value.value && value.value <= ci.interval.high, "\(policy) \(value)")
        #expect(ci.interval.low < ci.interval.high || value.metric == .medianRank || value.value == 100)
      }
      #expect(try RankingEvaluator.evaluate(random.problem(), ties: policy).ci95 == result.ci95)
    }
  }

  @Test func quantiles() {
    #expect(Bootstrap.quantile(0.5, ofSorted: [1, 2, 4, 8]) == 3)
    #expect(Bootstrap.quantile(0.25, ofSorted: [0, 4]) == 1)
    #expect(Bootstrap.quantile(1, ofSorted: [0, 4]) == 4)
  }

  @Test func randomisationIsExactForFewPairs() throws {
    // Differences 1, 1, 1: of 8 sign flips, 2 are as extreme.
    let test = try Significance.compare([2, 3, 4], [1, 2, 3])
    #expect(test.difference == 1)
    #expect(test.randomisationP == 0.25)
    let none = try Significance.compare([1, 2], [1, 2])
    #expect(none.randomisationP == 1)
    #expect(none.bootstrapP == 1)
    #expect(throws: IeumError.self) { try Significance.compare([1], [1, 2]) }
  }

  @Test func comparisonTellsDifferenceFromNoise() throws {
    let noise = RankTests.gaussian(300, seed: 1).map(Double.init)
    let other = RankTests.gaussian(300, seed: 2).map(Double.init)
    let apart = try Significance.compare(zip(noise, other).map { $0 + $1 * 0.1 + 0.3 }, noise)
    #expect(apart.randomisationP < 0.001 && apart.bootstrapP < 0.01 && apart.ci95.low > 0)
    let alike = try Significance.compare(noise, other.map { $0 * 1 })
    #expect(alike.randomisationP > 0.01)
    #expect(try Significance.compare(noise, other) == alike)
  }

  @Test func holm() {
    // By hand: 0.01·3, max(0.03, 0.02·2), max(0.04, 0.03·1).
    let adjusted = Significance.holm([0.03, 0.01, 0.02])
    #expect(zip(adjusted, [0.04, 0.03, 0.04]).allSatisfy { isClose($0, $1) })
    #expect(Significance.holm([0.9, 0.8]) == [1, 1])
    #expect(Significance.holm([]).isEmpty)
  }

  @Test func spread() {
    let spread = Spread(of: [2, 4, 9])
    #expect(spread?.mean == 5)
    #expect(isClose(spread?.std, 13.0.squareRoot()))
    #expect(Spread(of: [3]) == Spread(mean: 3, std: 0))
    #expect(Spread(of: []) == nil)
  }
}
