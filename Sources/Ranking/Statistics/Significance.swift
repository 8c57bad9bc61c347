import Basics

/// Paired comparison of two systems on the same queries.
public struct PairedComparison: Sendable, Equatable {
  /// Mean of a − b.
  public let difference: Double
  /// Percentile bootstrap interval of the difference over queries.
  public let ci95: Interval
  /// Two-sided p-value of the bootstrap: twice the smaller share of resampled differences on one side of zero.
  public let bootstrapP: Double
  /// Two-sided p-value of the paired randomisation test (exact up to 16 queries that differ).
  public let randomisationP: Double
}

/// Significance tests over per-query values, seeded.
public enum Significance {
  public static let rounds = 10_000

  /// - Parameters: per-query values of both systems in the same order.
  /// - Throws: ``IeumError`` (data) when the lengths differ or are zero.
  public static func compare(_ a: [Double], _ b: [Double], seed: UInt64 = 0) throws -> PairedComparison {
    guard a.count == b.count, !a.isEmpty else {
      throw IeumError(
        .data, "\(a.count) values cannot be paired with \(b.count)",
        remedy: "compare two results over the same, non-empty queries")
    }
    let differences = zip(a, b).map { $0 - $1 }
    let means = Bootstrap.resampled([.mean(differences)], count: a.count, seed: seed, purpose: "paired")[0]
    return PairedComparison(
      difference: differences.reduce(0, +) / Double(a.count), ci95: Interval(percentilesOf: means),
      bootstrapP: bootstrapP(means), randomisationP: randomisationP(differences, seed: seed))
  }

  private static func bootstrapP(_ means: [Double]) -> Double {
    let low = means.count { $0 <= 0 } + 1
    let high = means.count { $0 >= 0 } + 1
    return min(1, 2 * Double(min(low, high)) / Double(means.count + 1))
  }

  /// Share of sign flips of the differences whose mean is at least as far from zero as the observed one.
  static func randomisationP(_ all: [Double], seed: UInt64) -> Double {
    let differences = all.filter { $0 != 0 }
    if differences.isEmpty { return 1 }
    // Sums of the same terms in another order may differ in the last digits: they count as equal.
    let observed = abs(differences.reduce(0, +)) * (1 - 1e-12)
    if differences.count <= 16 {
      let flips = 1 << differences.count
      let extreme = (0..<flips).count { flip in
        let sum = differences.enumerated().reduce(0.0) { $0 + ((flip >> $1.offset) & 1 == 0 ? $1.element : -$1.element) }
        return abs(sum) >= observed
      }
      return Double(extreme) / Double(flips)
    }
    var generator = SeededGenerator(seed: seed, purpose: "randomisation")
    var extreme = 1
    for _ in 0..<rounds {
      var (sum, bits, left) = (0.0, UInt64(0), 0)
      for difference in differences {
        if left == 0 { (bits, left) = (generator.next(), 64) }
        sum += bits & 1 == 0 ? difference : -difference
        (bits, left) = (bits >> 1, left - 1)
      }
      if abs(sum) >= observed { extreme += 1 }
    }
    return Double(extreme) / Double(rounds + 1)
  }

  /// Holm's step-down adjustment for several tests, in the order given.
  /// - Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
  public static func holm(_ pValues: [Double]) -> [Double] {
    var adjusted = pValues
    var largest = 0.0
    for (place, index) in pValues.indices.sorted(by: { pValues[$0] < pValues[$1] }).enumerated() {
      largest = max(largest, min(1, Double(pValues.count - place) * pValues[index]))
      adjusted[index] = largest
    }
    return adjusted
  }
}
