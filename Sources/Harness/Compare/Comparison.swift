import Basics
import Foundation
import Ranking

/// One or several systems compared with a first one on several metrics, Holm's correction over all of them.
public struct Comparison: Sendable {
  public static let alpha = 0.05

  /// One metric of one pair.
  public struct Entry: Sendable {
    /// The system compared with the first.
    public let other: String
    public let result: MetricComparison
    /// Adjusted over all entries.
    public let randomisationPHolm: Double
    public let bootstrapPHolm: Double

    /// By the randomisation test, after Holm's correction.
    public var isSignificant: Bool { randomisationPHolm < Comparison.alpha }
  }

  public let first: ComparableRun
  public let entries: [Entry]
  public let ties: TiePolicy
  public let rounds: Int
  public let seed: UInt64

  /// - Parameters:
  ///   - metrics: empty = those both sides report.
  ///   - ties: nil = as the first cell was evaluated.
  /// - Throws: ``IeumError``: data when the queries are not the same; usage for a metric that cannot be computed.
  public init(
    _ first: ComparableRun, with others: [ComparableRun], metrics: [Metric] = [], ties: TiePolicy? = nil,
    seed: UInt64 = 0, rounds: Int = Significance.rounds
  ) throws {
    self.first = first
    self.ties = ties ?? first.ties ?? others.first?.ties ?? .expected
    (self.rounds, self.seed) = (rounds, seed)
    var found: [(String, MetricComparison)] = []
    for other in others {
      try first.requireSameQueries(as: other)
      let comparison = try RunComparison(first.runs, other.runs, ties: self.ties, seed: seed, rounds: rounds)
      for metric in Comparison.metrics(metrics, first, other) { found.append((other.name, try comparison.compare(metric))) }
    }
    let randomisation = Significance.holm(found.map(\.1.randomisationP))
    let bootstrap = Significance.holm(found.map(\.1.bootstrapP))
    entries = found.indices.map {
      Entry(
        other: found[$0].0, result: found[$0].1, randomisationPHolm: randomisation[$0], bootstrapPHolm: bootstrap[$0])
    }
  }

  private static func metrics(_ wanted: [Metric], _ a: ComparableRun, _ b: ComparableRun) -> [Metric] {
    if !wanted.isEmpty { return wanted }
    let shared = a.metrics.isEmpty ? b.metrics : b.metrics.isEmpty ? a.metrics : a.metrics.filter(b.metrics.contains)
    return shared.isEmpty ? [.recall(at: 1), .recall(at: 5), .recall(at: 10), .medianRank, .meanRank] : shared
  }

  /// What was done, in one sentence for people.
  public var method: String {
    let queries = first.runs.first.map { run in
      let blocks = run.blocks.isTrivial ? "" : " in \(run.blocks.count) blocks"
      return "\(run.forward.count) queries\(blocks)"
    } ?? ""
    return "\(queries); paired bootstrap and two-sided paired randomisation test, \(rounds) draws, seed \(seed); "
      + "Holm's correction over \(entries.count) test(s), alpha \(Comparison.alpha); ties \(ties.rawValue)"
  }

  public var text: String {
    var lines = [method]
    for entry in entries {
      let result = entry.result
      let style = MetricStyle(result.metric.name)
      let effect = result.effectSize.map { String(format: "%+.3f", $0) } ?? "–"
      lines.append(
        "\(result.metric.name): \(first.name) \(style.format(result.a)), \(entry.other) \(style.format(result.b))\n"
          + String(
            format: "  difference %+.3f [%.3f, %.3f], d %@, better/worse/equal on %d/%d/%d queries\n", result.difference,
            result.ci95.low, result.ci95.high, effect, result.better, result.worse, result.equal)
          + String(
            format: "  p %.4f (randomisation), %.4f (bootstrap); after Holm %.4f, %.4f: %@", result.randomisationP,
            result.bootstrapP, entry.randomisationPHolm, entry.bootstrapPHolm,
            entry.isSignificant ? "significant" : "not significant"))
    }
    return lines.joined(separator: "\n")
  }

  /// The same for programs.
  public var jsonObject: [String: Any] {
    [
      "a": first.name, "alpha": Comparison.alpha, "rounds": rounds, "seed": seed, "ties": ties.rawValue,
      "correction": "holm", "queries": first.runs.first?.forward.count ?? 0,
      "blocks": first.runs.first?.blocks.count ?? 0, "seedsOfA": first.runs.count,
      "comparisons": entries.map { entry -> [String: Any] in
        let result = entry.result
        return [
          "b": entry.other, "metric": result.metric.name, "valueA": result.a, "valueB": result.b,
          "difference": result.difference, "ci95": [result.ci95.low, result.ci95.high],
          "effectSize": result.effectSize.map { $0 as Any } ?? NSNull(), "better": result.better, "worse": result.worse,
          "equal": result.equal, "bootstrapP": result.bootstrapP, "randomisationP": result.randomisationP,
          "bootstrapPHolm": entry.bootstrapPHolm, "randomisationPHolm": entry.randomisationPHolm,
          "significant": entry.isSignificant,
        ]
      },
    ]
  }
}
