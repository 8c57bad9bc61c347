/// A metric as results name it: `R@1`, or `v2t R@1` where a cell ranks in several directions.
struct MetricKey {
  /// Nil for the first, or only, direction.
  let direction: String?
  let metric: String

  init(_ name: String) {
    let parts = name.split(separator: " ", maxSplits: 1).map(String.init)
    (direction, metric) = parts.count == 2 ? (parts[0], parts[1]) : (nil, name)
  }
}
