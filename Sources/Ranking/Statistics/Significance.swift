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
  /// Draws of a randomisation test that is not exact, and of a paired bootstrap.
  public static let rounds = 10_000
  /// Units up to which all swaps are enumerated.
  static let exactUnits = 16

  /// - Parameters: per-query values of both systems in the same order.
  /// - Throws: ``IeumError`` (data) when the lengths differ or are zero.
  public static func compare(_ a: [Double], _ b: [Double], seed: UInt64 = 0) throws -> PairedComparison {
    guard a.count == b.count, !a.isEmpty else {
      throw IeumError(
        .data, "\(a.count) values cannot be paired with \(b.count)",
        remedy: "compare two results over the same, non-empty queries")
    }
    let differences = zip(a, b).map { $0 - $1 }
    let means = Bootstrap.resampled(
      [.mean(differences)], blocks: QueryBlocks(separate: a.count), seed: seed, purpose: "paired")[0]
    return PairedComparison(
      difference: differences.reduce(0, +) / Double(a.count), ci95: Interval(percentilesOf: means),
      bootstrapP: bootstrapP(means), randomisationP: randomisationP(differences, seed: seed))
  }

  /// - Source: Davison & Hinkley 1997, "Bootstrap Methods and their Application", section 4.4 (one is added to both
  ///   counts, so that p is never 0).
  static func bootstrapP(_ means: [Double]) -> Double {
    let low = means.count { $0 <= 0 } + 1
    let high = means.count { $0 >= 0 } + 1
    return min(1, 2 * Double(min(low, high)) / Double(means.count + 1))
  }

  /// Share of sign flips of the differences whose sum is at least as far from zero as the observed one: what swapping
  /// the two systems' answers to a query does when the systems do not differ.
  /// - Source: Smucker, Allan & Carterette 2007, "A comparison of statistical significance tests for information
  ///   retrieval evaluation".
  static func randomisationP(_ all: [Double], seed: UInt64, rounds: Int = rounds) -> Double {
    let differences = all.filter { $0 != 0 }
    return randomisationP(units: differences.count, seed: seed, rounds: rounds) { swapped in
      var sum = 0.0
      for i in 0..<differences.count { sum += swapped[i] ? -differences[i] : differences[i] }
      return sum
    }
  }

  /// The same for any statistic of which units are swapped.
  static func randomisationP(
    units: Int, seed: UInt64, rounds: Int, statistic: @Sendable (UnsafeMutableBufferPointer<Bool>) -> Double
  ) -> Double {
    if units == 0 { return 1 }
    let isExact = units <= exactUnits
    let total = isExact ? 1 << units : rounds
    // Sums of the same terms in another order may differ in the last digits: they count as equal.
    let observed = withSwaps(units) { swaps in
      swaps.initialize(repeating: false)
      return abs(statistic(swaps))
    } * (1 - 1e-12)
    let pieces = (total + 255) / 256
    var extreme = [Int](repeating: 0, count: pieces)
    extreme.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let out = UncheckedPointer(base)
      Parallel.chunks(of: pieces) { range in
        for piece in range {
          out.pointer[piece] = withSwaps(units) { swaps in
            var generator = SeededGenerator(seed: seed, purpose: "randomisation-\(piece)")
            return (piece * 256..<min(total, piece * 256 + 256)).count { round in
              if isExact {
                for i in 0..<units { swaps[i] = (round >> i) & 1 == 1 }
              } else {
                toss(swaps, &generator)
              }
              return abs(statistic(swaps)) >= observed
            }
          }
        }
      }
    }
    let found = extreme.reduce(0, +)
    return isExact ? Double(found) / Double(total) : Double(found + 1) / Double(total + 1)
  }

  private static func withSwaps<T>(_ units: Int, _ body: (UnsafeMutableBufferPointer<Bool>) -> T) -> T {
    withUnsafeTemporaryAllocation(of: Bool.self, capacity: units) { body($0) }
  }

  private static func toss(_ swaps: UnsafeMutableBufferPointer<Bool>, _ generator: inout SeededGenerator) {
    var bits: UInt64 = 0
    for i in 0..<swaps.count {
      if i & 63 == 0 { bits = generator.next() }
      swaps[i] = bits & 1 == 1
      bits >>= 1
    }
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
