import Ranking

/// Measures exact evaluation of random unit vectors: every query against the whole gallery.
public final class RankingBench {
  private let problem: RankingProblem

  public init(queries: Int, gallery: Int, dimension: Int) throws {
    // Plain congruences: hundreds of millions of numbers, of which nothing is asked but that no two rows are alike.
    var state: UInt64 = 1
    func rows(_ count: Int) -> [Float] {
      [Float](unsafeUninitializedCapacity: count * dimension) { buffer, filled in
        for i in 0..<count * dimension {
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          buffer.initializeElement(at: i, to: Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31)
        }
        filled = count * dimension
      }
    }
    problem = try RankingProblem(
      queries: rows(queries), gallery: rows(gallery), dimension: dimension,
      relevant: (0..<queries).map { $0 % gallery })
  }

  /// Items are queries.
  public func sample(seconds: Double) throws -> Sample {
    let metrics = try ["R@1", "R@5", "R@10", "MedR", "MnR"].map { try Metric.parse($0) }
    return try Sample.of(seconds) {
      _ = try RankingEvaluator.evaluate(problem, similarity: .cosine, metrics: metrics)
      return problem.queryCount
    }
  }
}
