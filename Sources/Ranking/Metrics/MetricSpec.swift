/// What a family of metrics is called, measured in, and means: the table that reports and help texts are made from.
public struct MetricSpec: Sendable {
  public enum Unit: String, Sendable { case percent = "%", rank = "rank", fraction = "fraction" }
  public enum Direction: String, Sendable { case higher, lower }

  /// The name as a pattern: `R@K`, `MedR`.
  public let pattern: String
  public let unit: Unit
  /// Which way is better.
  public let better: Direction
  public let description: String
  let kind: Metric.Kind
  /// Whether the name carries a cut-off.
  let hasCutoff: Bool

  /// Every metric, in the order of the documentation.
  public static let all: [MetricSpec] = [
    MetricSpec("R@K", .percent, .higher, "queries whose best relevant item is in the top K (hit rate)", .hit),
    MetricSpec("cappedR@K", .percent, .higher, "hits in the top K / min(K, #relevant), mean over queries", .capped),
    MetricSpec("recall@K", .percent, .higher, "hits in the top K / #relevant, mean over queries", .recall),
    MetricSpec("MedR", .rank, .lower, "median rank of the best relevant item, from 1", .medianRank),
    MetricSpec(
      "MedR-floor", .rank, .lower, "median rank rounded down, as vsepp and open_clip print it", .medianRankFloor),
    MetricSpec("MnR", .rank, .lower, "mean rank of the best relevant item, from 1", .meanRank),
    MetricSpec("mAP", .percent, .higher, "mean average precision over the whole ranking", .averagePrecision),
    MetricSpec("mAP@K", .percent, .higher, "mean average precision of the top K / min(K, #relevant)", .averagePrecision),
    MetricSpec(
      "mAP@K-found", .percent, .higher, "mean average precision of the top K / relevant items found there", .foundPrecision),
    MetricSpec("R-precision", .percent, .higher, "hits in the top R / R, R = #relevant, mean over queries", .precisionAtAll),
    MetricSpec("nDCG", .fraction, .higher, "discounted gain of the whole ranking / the best possible one", .gain),
    MetricSpec("nDCG@K", .fraction, .higher, "discounted gain of the top K / the best possible one", .gain),
    MetricSpec("MRR", .fraction, .higher, "mean of 1 / rank of the best relevant item", .reciprocalRank),
    MetricSpec("rsum", .percent, .higher, "R@1 + R@5 + R@10, over both directions where both exist", .recallSum),
  ]

  private init(_ pattern: String, _ unit: Unit, _ better: Direction, _ description: String, _ kind: Metric.Kind) {
    self.pattern = pattern
    self.unit = unit
    self.better = better
    self.description = description
    self.kind = kind
    hasCutoff = pattern.contains("@K")
  }
}
