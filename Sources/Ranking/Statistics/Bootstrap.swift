import Basics

/// A two-sided 95 % confidence interval.
public struct Interval: Sendable, Equatable {
  public let low: Double
  public let high: Double

  public init(low: Double, high: Double) {
    self.low = low
    self.high = high
  }

  /// The 2.5 and 97.5 percentiles of resampled values.
  init(percentilesOf values: [Double]) {
    let sorted = values.sorted()
    self.init(low: Bootstrap.quantile(0.025, ofSorted: sorted), high: Bootstrap.quantile(0.975, ofSorted: sorted))
  }
}

/// Percentile bootstrap: the spread that another draw of as many queries (or blocks of queries) would show. Equal
/// seeds give equal intervals, whatever the number of cores.
/// - Source: Efron & Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13.
public enum Bootstrap {
  public static let resamples = 1000

  /// Interval of the mean of per-query values.
  /// - Parameter blocks: queries that are drawn together; nil = each alone.
  /// - Throws: ``IeumError`` (data) when there are no values, or blocks of another number of queries.
  public static func interval(
    ofMean values: [Double], blocks: QueryBlocks? = nil, seed: UInt64 = 0, resamples: Int = Bootstrap.resamples
  ) throws -> Interval {
    guard !values.isEmpty else { throw IeumError(.data, "there are no values to resample") }
    let blocks = blocks ?? QueryBlocks(separate: values.count)
    guard blocks.blockOf.count == values.count else {
      throw IeumError(.data, "\(values.count) values have \(blocks.blockOf.count) block numbers")
    }
    let drawn = resampled([.mean(values)], blocks: blocks, seed: seed, purpose: "mean", resamples: resamples)
    return Interval(percentilesOf: drawn[0])
  }

  /// The `q`-quantile by linear interpolation between order statistics.
  public static func quantile(_ q: Double, ofSorted sorted: [Double]) -> Double {
    let position = q * Double(sorted.count - 1)
    let below = Int(position)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (sorted[above] - sorted[below]) * (position - Double(below))
  }

  /// Every sample's value in each resample: all samples see the same draws. `[samples][resamples]`
  static func resampled(
    _ samples: [Sample], blocks: QueryBlocks, seed: UInt64, purpose: String, resamples: Int = Bootstrap.resamples
  ) -> [[Double]] {
    guard !samples.isEmpty else { return [] }
    var flat = [Double](repeating: 0, count: samples.count * resamples)
    flat.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let out = UncheckedPointer(base)
      Parallel.chunks(of: resamples) { range in
        for r in range {
          let weights = weights(blocks, SeededGenerator(seed: seed, purpose: "\(purpose)-\(r)"))
          let drawn = weights.reduce(0) { $0 + Int($1) }
          for (s, sample) in samples.enumerated() {
            out.pointer[s * resamples + r] = sample.value(weights: weights, drawn: drawn)
          }
        }
      }
    }
    return samples.indices.map { Array(flat[($0 * resamples)..<(($0 + 1) * resamples)]) }
  }

  /// How often each query comes up when as many blocks as there are are drawn with replacement. `[Q]`
  private static func weights(_ blocks: QueryBlocks, _ source: SeededGenerator) -> [Int32] {
    let drawn = draws(blocks.count, source)
    return blocks.isTrivial ? drawn : blocks.blockOf.map { drawn[$0] }
  }

  /// How often each of `count` things comes up in `count` draws with replacement.
  static func draws(_ count: Int, _ source: SeededGenerator) -> [Int32] {
    var generator = source
    var weights = [Int32](repeating: 0, count: count)
    weights.withUnsafeMutableBufferPointer { weights in
      for _ in 0..<count {
        weights[Int(generator.next().multipliedFullWidth(by: UInt64(count)).high)] += 1
      }
    }
    return weights
  }
}
