import Basics
import Foundation
import Models
import Tensors
import Testing

@Suite struct LossesBatchTests {
  /// Items 0 and 1 belong together, 2 and 3 too, 4 to nobody.
  static let classes = [0, 0, 1, 1, 2]
  static let points: [Double] = [0, 0, 1, 0, 0, 2, 3, 2, 5, 5]

  static func relevance() -> BatchRelevance {
    BatchRelevance(count: classes.count) { classes[$0] == classes[$1] }
  }

  static func distance(_ i: Int, _ j: Int) -> Double {
    LossOracle.euclidean(Array(points[2 * i..<2 * i + 2]), Array(points[2 * j..<2 * j + 2]))
  }

  static func value(
    _ name: String, _ settings: [String: Scalar] = [:], mining: Mining? = nil, points: [Double] = points
  ) throws -> Double {
    var generator = SeededGenerator(seed: 1)
    let loss = try LossRegistry.named(name).trainingLoss(settings, mining: mining)
    let embeddings = try Tensor(points, shape: [classes.count, 2])
    return try loss(embeddings, relevance: relevance(), generator: &generator).doubles()[0]
  }

  /// Anchor–positive pairs of the batch.
  static var pairs: [(Int, Int)] {
    classes.indices.flatMap { i in classes.indices.filter { $0 != i && classes[$0] == classes[i] }.map { (i, $0) } }
  }

  static func negatives(of i: Int) -> [Int] { classes.indices.filter { classes[$0] != classes[i] } }

  @Test func hardTakesTheNearestIrrelevantItem() throws {
    let terms = Self.pairs.map { a, p in
      max(0, 2 + Self.distance(a, p) - (Self.negatives(of: a).map { Self.distance(a, $0) }.min() ?? .nan))
    }
    let expected = terms.reduce(0, +) / Double(terms.count)
    #expect(try isClose(Self.value("triplet-hard", ["margin": .double(2)]), expected))
    #expect(try isClose(Self.value("triplet", ["margin": .double(2)], mining: .hard), expected))
  }

  @Test func semiHardCountsPairsWithoutNegativeAsZero() throws {
    let terms = Self.pairs.map { a, p -> Double in
      let own = Self.distance(a, p)
      let region = Self.negatives(of: a).map { Self.distance(a, $0) }.filter { own < $0 && $0 < own + 1.1 }
      return region.min().map { 1.1 + own - $0 } ?? 0
    }
    #expect(terms.contains(0) && terms.contains { $0 > 0 })
    let expected = terms.reduce(0, +) / Double(terms.count)
    #expect(try isClose(Self.value("triplet-semihard", ["margin": .double(1.1)]), expected))
  }

  @Test func allAveragesEveryTriplet() throws {
    var terms: [Double] = []
    for (a, p) in Self.pairs {
      for n in Self.negatives(of: a) {
        let z = Self.distance(a, p) - Self.distance(a, n)
        terms.append(z * LossOracle.sigmoid(z))
      }
    }
    #expect(try isClose(Self.value("swish-triplet", mining: .all), terms.reduce(0, +) / Double(terms.count)))
  }

  @Test func randomIsSeededAndDrawsOnlyNegatives() throws {
    let loss = try LossRegistry.named("triplet").trainingLoss(["margin": .double(0)], mining: .random)
    // Relevant items coincide, irrelevant ones are 1 apart: a relevant item taken as a negative would show as 0.
    let embeddings = try Tensor([0, 0, 0, 0, 1, 0, 1, 0, 0, 1] as [Double], shape: [5, 2])
    var values: Set<Double> = []
    for seed in 0..<20 as Range<UInt64> {
      var (a, b) = (SeededGenerator(seed: seed), SeededGenerator(seed: seed))
      let first = try loss(embeddings, relevance: Self.relevance(), generator: &a).doubles()
      #expect(try loss(embeddings, relevance: Self.relevance(), generator: &b).doubles() == first)
      values.formUnion(first)
    }
    #expect(values == [0])
    let drawn = try (0..<20).map { seed -> Double in
      var generator = SeededGenerator(seed: UInt64(seed))
      let spread = try Tensor(Self.points, shape: [5, 2])
      return try LossRegistry.named("swish-triplet").trainingLoss()(
        spread, relevance: Self.relevance(), generator: &generator).doubles()[0]
    }
    #expect(Set(drawn).count > 1)
  }

  @Test func relevantItemsAreNoNegativesOfPairLosses() throws {
    // Unit rows: both members of a class coincide, so only cross-class pairs, at similarity 0 or less, remain.
    let points: [Double] = [1, 0, 1, 0, 0, 1, 0, 1, -1, 0]
    for name in ["max-hinge", "sum-hinge", "variable-margin"] {
      #expect(try Self.value(name, points: points) == 0, "\(name)")
    }
    // Two pairs of each class; the only competitors are the other class's two, at similarity 0.
    let partition: Double = exp(2.0) + 2
    let expected: Double = log(partition) - 2
    #expect(try isClose(Self.value("info-nce", ["temperature": .double(0.5)], points: points), expected))
  }

  @Test func contrastiveReadsSimilarAndDissimilarPairs() throws {
    let terms = Self.pairs.flatMap { a, p -> [Double] in
      let nearest = Self.negatives(of: a).map { Self.distance(a, $0) }.min() ?? .nan
      return [Self.distance(a, p) * Self.distance(a, p) / 2, max(0, 4 - nearest) * max(0, 4 - nearest) / 2]
    }
    let expected = terms.reduce(0, +) / Double(terms.count)
    #expect(try isClose(Self.value("contrastive", ["margin": .double(4)], mining: .hard), expected))
  }

  @Test(arguments: LossRegistry.all.map(\.name)) func aBatchWithoutPairsIsZero(_ name: String) throws {
    var generator = SeededGenerator(seed: 3)
    let embeddings = try Tensor([1, 2, 3, 4] as [Double], shape: [2, 2])
    embeddings.requiresGrad = true
    let nobody = BatchRelevance(count: 2) { _, _ in false }
    let value = try LossRegistry.named(name).trainingLoss()(embeddings, relevance: nobody, generator: &generator)
    try value.backward()
    #expect(try value.doubles() == [0])
    #expect(try embeddings.grad?.doubles() == [0, 0, 0, 0])
  }

  /// Everything relevant to everything: no negatives, finite values.
  @Test(arguments: LossRegistry.all.map(\.name)) func aBatchWithoutNegativesIsFinite(_ name: String) throws {
    var generator = SeededGenerator(seed: 3)
    let embeddings = try Tensor([1, 2, 3, 4, 5, 6] as [Double], shape: [3, 2])
    embeddings.requiresGrad = true
    let all = BatchRelevance(count: 3) { _, _ in true }
    let value = try LossRegistry.named(name).trainingLoss()(embeddings, relevance: all, generator: &generator)
    try value.backward()
    #expect(try value.doubles()[0].isFinite)
    #expect(try embeddings.grad?.doubles().allSatisfy { $0.isFinite } == true)
  }

  @Test func aFixedMiningIsNotOverridden() {
    #expect(throws: IeumError.self) { try LossRegistry.named("triplet-hard").trainingLoss(mining: .random) }
  }
}
