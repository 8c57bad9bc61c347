import Basics
import Ranking
import Testing

/// Coverage of the bootstrap intervals by simulation, blocks, ceilings, stored levels.
@Suite struct IntervalTests {
  /// Share of simulated data sets whose interval holds the true mean.
  private func coverage(
    sets: Int, _ draw: (inout SeededGenerator) -> (values: [Double], blocks: QueryBlocks?), truth: Double
  ) throws -> Double {
    var generator = SeededGenerator(seed: 95)
    var hits = 0
    for set in 0..<sets {
      let (values, blocks) = draw(&generator)
      let interval = try Bootstrap.interval(ofMean: values, blocks: blocks, seed: UInt64(set), resamples: 400)
      if interval.low <= truth, truth <= interval.high { hits += 1 }
    }
    return Double(hits) / Double(sets)
  }

  @Test func intervalsOfHitRatesCoverTheTruth() throws {
    let covered = try coverage(sets: 600, { generator in
      ((0..<200).map { _ in generator.uniform() < 0.35 ? 100 : 0 }, nil)
    }, truth: 35)
    #expect((0.93...0.97).contains(covered), "\(covered)")
  }

  /// Five captions of a video share most of their luck: 80 videos tell as much as 80 draws, not 400.
  @Test func blockedIntervalsCoverWhereSeparateOnesDoNot() throws {
    let blocks = QueryBlocks(labels: (0..<400).map { $0 / 5 })
    func captions(_ generator: inout SeededGenerator) -> [Double] {
      (0..<80).flatMap { _ in
        let video = generator.uniform()
        return (0..<5).map { _ in 0.8 * video + 0.2 * generator.uniform() }
      }
    }
    let blocked = try coverage(sets: 400, { (captions(&$0), blocks) }, truth: 0.5)
    #expect((0.93...0.97).contains(blocked), "\(blocked)")
    let separate = try coverage(sets: 100, { (captions(&$0), nil) }, truth: 0.5)
    #expect(separate < 0.75, "\(separate)")
  }

  @Test func captionsOfOneItemAreOneBlock() throws {
    let random = RandomCase(seed: 5, queries: 60, gallery: 12, dimension: 3, spread: 3, several: false, exclude: false)
    let ranked = try RankingEvaluator.evaluate(random.problem(), metrics: [.recall(at: 1)]).ranked
    #expect(ranked.blocks.count == Set(random.relevant.map { $0.first ?? -1 }).count)
    for q in 1..<60 {
      let together = ranked.blocks.blockOf[q] == ranked.blocks.blockOf[0]
      #expect(together == (random.relevant[q] == random.relevant[0]))
    }
    // Item to item, and where several items are relevant, queries are their own.
    let item = RandomCase(seed: 5, queries: 30, gallery: 12, dimension: 3, spread: 3, several: false, exclude: true)
    #expect(try RankingEvaluator.evaluate(item.problem()).ranked.blocks.isTrivial)
    let several = RandomCase(seed: 5, queries: 30, gallery: 3, dimension: 3, spread: 3, several: true, exclude: false)
    let wide = try RankingEvaluator.evaluate(
      several.problem(), metrics: [.recall(at: 1)], blocks: QueryBlocks(labels: (0..<30).map { $0 / 10 }))
    #expect(wide.ranked.blocks.count == 3)
  }

  @Test func intervalsOfSeveralSeedsHoldTheirMean() throws {
    let cases = (1...3).map {
      RandomCase(seed: 11, queries: 90, gallery: 30, dimension: 4, spread: 2 + $0, several: true, exclude: true)
    }
    let metrics = [Metric.recall(at: 1), .cappedRecall(at: 5), .medianRank]
    let one = cases[0]
    let runs = try cases.map { other in
      var problem = one
      problem.queries = other.queries
      return try RankingEvaluator.evaluate(problem.problem(), metrics: metrics)
    }
    let intervals = try RankedQueries.intervals(of: runs.map(\.ranked), metrics, ties: .expected)
    for (index, interval) in intervals.enumerated() {
      let mean = runs.reduce(0) { $0 + $1.metrics[index].value } / 3
      #expect(interval.interval.low <= mean && mean <= interval.interval.high)
    }
    let single = try RankedQueries.intervals(of: [runs[0].ranked], metrics, ties: .expected)
    #expect(single == runs[0].ci95)
    #expect(throws: IeumError.self) { try RankedQueries.intervals(of: [], metrics, ties: .expected) }
  }

  @Test func ceilingIsWhatAPerfectRankingScores() throws {
    // Two queries: three relevant items of five, and one.
    let problem = try RankingProblem(
      queries: [1, 0, 0, 1], gallery: [Float](repeating: 1, count: 10), dimension: 2, indptr: [0, 3, 4],
      indices: [0, 1, 2, 4])
    let metrics = try ["R@1", "recall@2", "cappedR@2", "mAP", "MedR", "rsum"].map { try Metric.parse($0) }
    let values = Ceiling.exact(metrics, for: problem).map(\.value)
    #expect(zip(values, [100, (2.0 / 3 + 1) / 2 * 100, 100, 100, 1, 600]).allSatisfy { isClose($0, $1) })
  }

  @Test func storedLevelsAreChecked() throws {
    let level = Level(above: 1, tied: 0, relevant: 1, relevantAbove: 0)
    let sound = try QueryLevels(storedOffsets: [0, 1], levels: [level], relevantCounts: [1], galleryCounts: [2])
    #expect(RankedQueries(forward: sound).ranks.expected == [2])
    let bad: [([Int], [Level], [Int], [Int])] = [
      ([0, 1], [level], [1], [1]), ([0, 2], [level], [1], [2]), ([0, 1], [level], [1, 1], [2, 2]), ([1], [], [], []),
      ([0, 1], [Level(above: -1, tied: 0, relevant: 1, relevantAbove: 0)], [1], [2]),
    ]
    for (offsets, levels, relevant, gallery) in bad {
      #expect(throws: IeumError.self) {
        try QueryLevels(storedOffsets: offsets, levels: levels, relevantCounts: relevant, galleryCounts: gallery)
      }
    }
  }
}
