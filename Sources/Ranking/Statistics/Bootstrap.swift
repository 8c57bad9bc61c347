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

/// Percentile bootstrap: the spread that another draw of as many queries would show. Equal seeds give equal intervals,
/// whatever the number of cores.
public enum Bootstrap {
  public static let resamples = 1000

  /// Interval of the mean of per-query values.
  /// - Throws: ``IeumError`` (data) when there are no values.
  public static func interval(ofMean values: [Double], seed: UInt64 = 0) throws -> Interval {
    guard !values.isEmpty else { throw IeumError(.data, "there are no values to resample") }
    return Interval(percentilesOf: resampled([.mean(values)], count: values.count, seed: seed, purpose: "mean")[0])
  }

  /// The `q`-quantile by linear interpolation between order statistics.
  public static func quantile(_ q: Double, ofSorted sorted: [Double]) -> Double {
    let position = q * Double(sorted.count - 1)
    let below = Int(position)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (sorted[above] - sorted[below]) * (position - Double(below))
  }

  /// Every sample's value in each resample: all samples see the same draws. `[samples][resamples]`
  static func resampled(_ samples: [Sample], count: Int, seed: UInt64, purpose: String) -> [[Double]] {
    guard !samples.isEmpty else { return [] }
    var flat = [Double](repeating: 0, count: samples.count * resamples)
    flat.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let out = UncheckedPointer(base)
      Parallel.chunks(of: resamples) { range in
        for r in range {
          let weights = draws(count, SeededGenerator(seed: seed, purpose: "\(purpose)-\(r)"))
          for (s, sample) in samples.enumerated() {
            out.pointer[s * resamples + r] = sample.value(weights: weights, drawn: count)
          }
        }
      }
    }
    return samples.indices.map { Array(flat[($0 * resamples)..<(($0 + 1) * resamples)]) }
  }

  /// How often each of `count` queries comes up in `count` draws with replacement.
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
