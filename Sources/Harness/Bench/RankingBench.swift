import Basics
import Ranking

/// Measures exact evaluation of random unit vectors: every query against the whole gallery.
public final class RankingBench {
  private let problem: RankingProblem

  public init(queries: Int, gallery: Int, dimension: Int) throws {
    var generator = SeededGenerator(seed: 1)
    func rows(_ count: Int) -> [Float] { (0..<count * dimension).map { _ in Float(2 * generator.uniform() - 1) } }
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
