import Foundation

/// How a metric is written and which direction is better, told from its contract name.
public struct MetricStyle: Sendable, Equatable {
  public enum Unit: String, Sendable { case percent = "%", rank, fraction, none = "" }

  public let name: String
  public let unit: Unit
  public let lowerIsBetter: Bool
  public let decimals: Int

  public init(_ name: String) {
    self.name = name
    // A direction may stand before the metric: `a2i MedR`.
    let metric = name.split(separator: " ").last.map(String.init) ?? name
    lowerIsBetter = metric.hasPrefix("MedR") || metric == "MnR"
    if lowerIsBetter {
      (unit, decimals) = (.rank, 1)
    } else if metric == "MRR" || metric.hasPrefix("nDCG") {
      (unit, decimals) = (.fraction, 3)
    } else if metric == "rsum" {
      (unit, decimals) = (.none, 1)
    } else {
      (unit, decimals) = (.percent, 1)
    }
  }

  /// `cappedR@10 (%)`.
  public var label: String { unit == .none ? name : "\(name) (\(unit.rawValue))" }

  /// `higher is better` or `lower is better`.
  public var direction: String { lowerIsBetter ? "lower is better" : "higher is better" }

  /// What the metric counts, for captions; nil when the name says it.
  public var definition: String? {
    if name.hasPrefix("cappedR@") { return "hits in the top K / min(K, number of relevant items)" }
    if name.hasPrefix("R@") { return "share of queries with a relevant item in the top K" }
    if name.hasPrefix("recall@") { return "hits in the top K / number of relevant items" }
    return nil
  }

  public func format(_ value: Double) -> String { String(format: "%.\(decimals)f", value) }

  /// A published value in this metric's unit (hashing papers print fractions where we print per cent).
  public func converted(_ value: Double, from unit: String) -> Double {
    if self.unit == .percent, unit == "fraction" { return value * 100 }
    if self.unit == .fraction, unit == "%" { return value / 100 }
    return value
  }
}
