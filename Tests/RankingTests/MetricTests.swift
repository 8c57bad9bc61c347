import Basics
import Ranking
import Testing

@Suite struct MetricTests {
  static let closed = [
    "R@1", "R@2", "R@3", "R@10", "cappedR@1", "cappedR@2", "cappedR@4", "recall@1", "recall@3", "MedR", "MnR", "mAP",
    "mAP@1", "mAP@2", "mAP@3", "mAP@9", "mAP@2-found", "mAP@4-found", "mAP@9-found", "nDCG", "nDCG@1", "nDCG@3", "MRR",
    "rsum",
  ]

  @Test(arguments: 0..<24)
  func agreesWithEveryOrderOfTheTies(seed: Int) throws {
    let metrics = try MetricTests.closed.map(Metric.parse)
    for similarity in Similarity.allCases {
      let random = RandomCase(
        seed: UInt64(seed), queries: 5, gallery: 6, dimension: 2, spread: seed % 3, several: seed % 2 == 0,
        exclude: seed % 4 >= 2)
      let (problem, oracle) = (try random.problem(), random.oracle(similarity))
      for policy in TiePolicy.standard {
        let result = try RankingEvaluator.evaluate(problem, similarity: similarity, ties: policy, metrics: metrics)
        for metric in metrics {
          let truth = oracle.value(metric.name, policy)
          #expect(isClose(result[metric], truth), "\(similarity) \(policy) \(metric) \(result[metric] ?? -1) ≠ \(truth)")
        }
      }
    }
  }

  @Test(arguments: 0..<24)
  func bestItemAloneIsEnoughForRanks(seed: Int) throws {
    let random = RandomCase(
      seed: UInt64(seed) + 100, queries: 5, gallery: 6, dimension: 2, spread: 1, several: true, exclude: seed % 2 == 0)
    let metrics = try ["R@1", "R@5", "R@10", "MedR", "MnR", "rsum"].map(Metric.parse)
    for policy in TiePolicy.allCases {
      let result = try RankingEvaluator.evaluate(random.problem(), similarity: .dot, ties: policy, metrics: metrics)
      for metric in metrics {
        let truth = random.oracle(.dot).value(metric.name, policy)
        #expect(isClose(result[metric], truth), "\(policy) \(metric) \(result[metric] ?? -1) ≠ \(truth)")
      }
    }
  }

  @Test(arguments: 0..<10)
  func foundPrecision(seed: Int) throws {
    let random = RandomCase(
      seed: UInt64(seed), queries: 60, gallery: 6, dimension: 2, spread: 1, several: true, exclude: false)
    for name in ["mAP@2-found", "mAP@4-found", "mAP@6-found"] {
      let metric = try Metric.parse(name)
      for policy in TiePolicy.standard {
        let result = try RankingEvaluator.evaluate(random.problem(), similarity: .dot, ties: policy, metrics: [metric])
        #expect(isClose(result[metric], random.oracle(.dot).value(name, policy)), "\(policy) \(name)")
      }
    }
  }

  /// Codes of six bits: a few levels of many items each, and a cut-off inside of them.
  @Test(arguments: [1, 5, 40, 117, 400, 900])
  func foundPrecisionOfCodes(cutoff: Int) throws {
    var generator = SeededGenerator(seed: 17)
    let (q, g, bits) = (8, 900, 6)
    func codes(_ count: Int) -> [Float] { (0..<(count * bits)).map { _ in generator.uniform() < 0.5 ? 0 : 1 } }
    let (queries, gallery) = (codes(q), codes(g))
    let wanted = (0..<q).map { query in (0..<g).filter { ($0 * 11 + query) % (3 + 40 * query) == 0 } }
    let problem = try RankingProblem(
      queries: queries, gallery: gallery, dimension: bits,
      indptr: wanted.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }, indices: wanted.flatMap { $0 })
    let metrics = try ["mAP@\(cutoff)-found", "mAP@900-found", "mAP"].map(Metric.parse)
    let result = try RankingEvaluator.evaluate(problem, similarity: .euclidean, metrics: metrics)
    let truth = (0..<q).map { query in
      Self.foundPrecision(
        (0..<g).map { row in (0..<bits).count { queries[query * bits + $0] != gallery[row * bits + $0] } },
        Set(wanted[query]), cutoff)
    }
    #expect(isClose(result[metrics[0]], 100 * truth.reduce(0, +) / Double(q)))
    // At the whole gallery the divisors agree.
    #expect(isClose(result[metrics[1]], result[metrics[2]] ?? -1))
  }

  /// The mean over all orders of the ties, place by place: the chance of each number of relevant items so far
  /// in a level, and with it the expected sum of precisions.
  private static func foundPrecision(_ distances: [Int], _ wanted: Set<Int>, _ cutoff: Int) -> Double {
    var (place, before, sum) = (0, 0, 0.0)
    for distance in 0...(distances.max() ?? 0) {
      let items = distances.indices.filter { distances[$0] == distance }
      let relevant = items.count { wanted.contains($0) }
      var (chance, sums) = ([1.0], [sum])
      for used in 0..<min(items.count, cutoff - place) {
        var nextChance = [Double](repeating: 0, count: used + 2)
        var nextSums = nextChance
        for r in 0...used {
          let hit = Double(max(relevant - r, 0)) / Double(items.count - used)
          let precision = Double(before + r + 1) / Double(place + used + 1)
          nextChance[r] += chance[r] * (1 - hit)
          nextSums[r] += sums[r] * (1 - hit)
          nextChance[r + 1] += chance[r] * hit
          nextSums[r + 1] += (sums[r] + chance[r] * precision) * hit
        }
        (chance, sums) = (nextChance, nextSums)
      }
      place += items.count
      if place >= cutoff {
        return sums.indices.reduce(0) { before + $1 > 0 ? $0 + sums[$1] / Double(before + $1) : $0 }
      }
      before += relevant
      sum = sums.reduce(0, +)
    }
    return before > 0 ? sum / Double(before) : 0
  }

  @Test func vectorA() throws {
    let scores: [[Float]] = [[3, 3, 1, 0], [0, 2, 2, 2], [1, 1, 1, 1], [0, 1, 2, 3]]
    let transposed = (0..<4).map { j in scores.map { $0[j] } }
    // policy, R@1, MedR, MedR rounded down, MnR; text → video, then video → text
    let forward: [(TiePolicy, Double, Double, Double, Double)] = [
      (.optimistic, 100, 1, 1, 1), (.ce, 25, 1.75, 1, 1.75), (.pessimistic, 25, 2.5, 2, 2.5), (.clip4clip, 40, 2, 2, 2),
    ]
    let backward: [(TiePolicy, Double, Double, Double, Double)] = [
      (.optimistic, 50, 1.5, 1, 1.75), (.ce, 50, 1.5, 1, 1.875), (.pessimistic, 50, 1.5, 1, 2),
      (.clip4clip, 40, 2, 2, 2.2),
    ]
    for (matrix, table) in [(scores, forward), (transposed, backward)] {
      let problem = try matrixProblem(matrix, relevant: [0, 1, 2, 3])
      for (policy, recall, median, floored, mean) in table {
        let result = try RankingEvaluator.evaluate(
          problem, similarity: .dot, ties: policy, metrics: ["R@1", "MedR", "MedR-floor", "MnR"].map(Metric.parse))
        #expect(result["MedR-floor"] == floored, "\(policy)")
        #expect(isClose(result["R@1"], recall), "\(policy)")
        #expect(isClose(result["MedR"], median), "\(policy)")
        #expect(isClose(result["MnR"], mean), "\(policy)")
      }
    }
    let expected = try RankingEvaluator.evaluate(matrixProblem(scores, relevant: [0, 1, 2, 3]), similarity: .dot)
    #expect(isClose(expected["R@1"], 100 * (1.0 / 2 + 1.0 / 3 + 1.0 / 4 + 1) / 4))
    #expect(expected.tiedQueries == 3)
    #expect(expected.ranks.optimistic == [1, 1, 1, 1])
    #expect(expected.ranks.pessimistic == [2, 3, 4, 1])
    #expect(expected.ranks.expected == [1.5, 2, 2.5, 1])
  }

  @Test func vectorBFlat() throws {
    // Video 0 against six captions, its own first.
    let problem = try RankingProblem(
      queries: [1], gallery: [0.5, 0.4, 0.9, 0.8, 0.1, 0.2], dimension: 1, indptr: [0, 2], indices: [0, 1])
    let result = try RankingEvaluator.evaluate(problem, similarity: .dot, metrics: [.meanRank])
    #expect(result["MnR"] == 3)
  }

  @Test func vectorC() throws {
    let n = 10
    let problem = try RankingProblem(
      queries: [Float](repeating: 1, count: n), gallery: [Float](repeating: 1, count: n), dimension: 1,
      relevant: Array(0..<n))
    let optimistic = try RankingEvaluator.evaluate(problem, ties: .optimistic)
    #expect(optimistic["R@1"] == 100)
    let averaged = try RankingEvaluator.evaluate(problem, ties: .ce)
    #expect(averaged["MnR"] == 5.5)
    #expect(averaged["R@1"] == 0)
    let expected = try RankingEvaluator.evaluate(problem)
    for k in [1, 5, 10] { #expect(isClose(expected["R@\(k)"], 100 * Double(k) / Double(n))) }
    #expect(isClose(expected["rsum"], 2 * (10 + 50 + 100)))
    let chance = Chance.expected([], for: problem)
    #expect(chance == expected.metrics)
  }

  @Test func severalRelevantAmongTheTied() throws {
    // Two relevant among five tied: R@1 = 2/5, R@2 = 1 − C(3,2)/C(5,2) = 7/10, rank 3/3 + 1 = 2.
    let problem = try RankingProblem(
      queries: [1], gallery: [1, 1, 1, 1, 1], dimension: 1, indptr: [0, 2], indices: [0, 3])
    let result = try RankingEvaluator.evaluate(problem, metrics: ["R@1", "R@2", "MnR"].map(Metric.parse))
    #expect(isClose(result["R@1"], 40))
    #expect(isClose(result["R@2"], 70))
    #expect(isClose(result["MnR"], 2))
    #expect(Chance.expected(try Metric.parse("R@2"), galleryPerQuery: [5], relevantCounts: [2]) == result["R@2"])
  }

  @Test func largeTiedGroupsUseTheSamePrecision() throws {
    // 300 items in one tie: the closed form over prefix sums equals the sum over places.
    let (n, p) = (300, 7)
    let problem = try RankingProblem(
      queries: [1], gallery: [Float](repeating: 2, count: n), dimension: 1, indptr: [0, p],
      indices: (0..<p).map { $0 * 11 })
    let metrics = try ["mAP", "MRR", "nDCG", "mAP@100"].map(Metric.parse)
    let result = try RankingEvaluator.evaluate(problem, similarity: .dot, metrics: metrics)
    let slope = Double(p - 1) / Double(n - 1)
    let precision = (0..<n).map { Double(p) / Double(n) * (1 + Double($0) * slope) / Double($0 + 1) }
    #expect(isClose(result["mAP"], 100 * precision.reduce(0, +) / Double(p)))
    #expect(isClose(result["mAP@100"], 100 * precision.prefix(100).reduce(0, +) / Double(p)))
    var (none, mean) = (1.0, 0.0)
    for m in 0..<(n - p + 1) {
      let first = none * Double(p) / Double(n - m)
      mean += first / Double(m + 1)
      none *= 1 - Double(p) / Double(n - m)
    }
    #expect(isClose(result["MRR"], mean))
  }

  @Test func parsing() throws {
    for name in MetricTests.closed + ["mAP@1000-found"] { #expect(try Metric.parse(name).name == name) }
    for name in ["R@0", "R@", "R@-1", "R@+1", "R@01", "R@1.5", "r@1", "mAP@-found", "MAP", "R@99999999999999999999", ""] {
      #expect(throws: IeumError.self) { try Metric.parse(name) }
    }
    do {
      _ = try Metric.parse("recal@5")
    } catch let error as IeumError {
      #expect(error.kind == .usage)
      #expect(error.description.contains("recall@5"))
    }
    #expect(throws: IeumError.self) { try Similarity.named("cosin") }
    #expect(throws: IeumError.self) { try TiePolicy.named("avg") }
    for spec in MetricSpec.all {
      let metric = try Metric.parse(spec.pattern.replacing("@K", with: "@7"))
      #expect(metric.spec.pattern == spec.pattern)
    }
  }

  @Test func compatibilityPoliciesKnowOnlyTheirMetrics() throws {
    let problem = try matrixProblem([[1, 0], [0, 1]], relevant: [0, 1])
    for policy in [TiePolicy.ce, .clip4clip] {
      #expect(throws: IeumError.self) {
        try RankingEvaluator.evaluate(problem, ties: policy, metrics: [.meanAveragePrecision])
      }
    }
  }
}
