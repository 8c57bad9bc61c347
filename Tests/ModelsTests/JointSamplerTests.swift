import Basics
import Models
import Testing

@Suite struct JointSamplerTests {
  /// Classes of unequal size, the last items alone.
  static func relevant(_ sizes: [Int]) -> [[Int]] {
    let classes = sizes.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
    return classes.indices.map { i in classes.indices.filter { $0 != i && classes[$0] == classes[i] } }
  }

  @Test func everyItemMeetsARelevantOne() {
    let relevant = Self.relevant([17, 9, 5, 2, 30, 1, 1])
    for seed in 0..<30 as Range<UInt64> {
      var generator = SeededGenerator(seed: seed)
      for batch in BalancedSampler(batchSize: 12).batches(relevant: relevant, generator: &generator) {
        #expect(batch.count <= 12 && Set(batch).count == batch.count, "seed \(seed)")
        for item in batch where !relevant[item].isEmpty {
          #expect(batch.contains { relevant[item].contains($0) }, "seed \(seed), item \(item)")
        }
      }
    }
  }

  @Test func everyItemComesUpInAnEpochOfOneBatch() {
    let relevant = Self.relevant([4, 3, 2, 1])
    var generator = SeededGenerator(seed: 1)
    let batches = BalancedSampler(batchSize: 64).batches(relevant: relevant, generator: &generator)
    #expect(batches.map { $0.sorted() } == [Array(0..<10)])
  }

  @Test func epochsDifferAndSeedsRepeat() {
    let relevant = Self.relevant([10, 10, 10])
    func batches(_ purpose: String) -> [[Int]] {
      var generator = SeededGenerator(seed: 5, purpose: purpose)
      return BalancedSampler(batchSize: 8).batches(relevant: relevant, generator: &generator)
    }
    #expect(batches("shuffle-1") == batches("shuffle-1"))
    #expect(batches("shuffle-1") != batches("shuffle-2"))
  }

  /// A relevance that only one side lists counts for both.
  @Test func oneSidedRelevanceCounts() {
    var generator = SeededGenerator(seed: 2)
    let batches = BalancedSampler(batchSize: 2, groupSize: 2).batches(
      relevant: [[1], [], [3], []], generator: &generator)
    #expect(batches.allSatisfy { Set($0) == [0, 1] || Set($0) == [2, 3] } && !batches.isEmpty)
  }
}
