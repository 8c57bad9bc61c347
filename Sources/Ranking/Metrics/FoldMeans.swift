/// Metrics over several galleries: the arithmetic mean of the folds' values, medians included (COCO 1k, as vsepp has it).
public struct FoldMeans: Sendable {
  public let folds: [RankingResult]
  /// In the order of the first fold's metrics.
  public let metrics: [MetricValue]

  /// - Precondition: at least one fold, all with the same metrics.
  public init(_ folds: [RankingResult]) {
    precondition(!folds.isEmpty, "a mean needs folds")
    self.folds = folds
    metrics = folds[0].metrics.enumerated().map { index, value in
      let sum = folds.reduce(0) { $0 + $1.metrics[index].value }
      return MetricValue(metric: value.metric, value: sum / Double(folds.count))
    }
  }

  public subscript(metric: Metric) -> Double? { metrics.first { $0.metric == metric }?.value }

  /// A metric's values fold by fold.
  public func values(_ metric: Metric) -> [Double] { folds.compactMap { $0[metric] } }
}
