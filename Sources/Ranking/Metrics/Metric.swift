import Basics

/// One metric with its cut-off: `R@10`, `mAP`, `nDCG@5`.
public struct Metric: Sendable, Hashable, CustomStringConvertible {
  public enum Kind: Sendable, Hashable {
    case hit, capped, recall, medianRank, medianRankFloor, meanRank, averagePrecision, foundPrecision, precisionAtAll, gain, reciprocalRank,
      recallSum
  }

  public let kind: Kind
  /// K, or nil for a metric over the whole ranking.
  public let cutoff: Int?

  init(_ kind: Kind, cutoff: Int? = nil) {
    self.kind = kind
    self.cutoff = cutoff
  }

  /// What is reported when nothing is asked for; `rsum` needs both directions.
  public static func defaults(hasExclude: Bool) -> [Metric] {
    let common = [Metric.recall(at: 1), .recall(at: 5), .recall(at: 10), .medianRank, .meanRank]
    return hasExclude ? common : common + [.recallSum]
  }

  /// Hit rate at K (`R@K`).
  public static func recall(at cutoff: Int) -> Metric { Metric(.hit, cutoff: cutoff) }
  /// The thesis's recall (`cappedR@K`).
  public static func cappedRecall(at cutoff: Int) -> Metric { Metric(.capped, cutoff: cutoff) }
  public static let medianRank = Metric(.medianRank)
  public static let meanRank = Metric(.meanRank)
  public static let meanAveragePrecision = Metric(.averagePrecision)
  public static let precisionAtAll = Metric(.precisionAtAll)
  public static let reciprocalRank = Metric(.reciprocalRank)
  public static let recallSum = Metric(.recallSum)

  /// Reads a name such as `cappedR@10`. K is a positive decimal integer.
  /// - Throws: ``IeumError`` (usage) for an unknown metric, with the nearest known one.
  public static func parse(_ name: String) throws -> Metric {
    for spec in MetricSpec.all {
      if !spec.hasCutoff {
        if name == spec.pattern { return Metric(spec.kind) }
        continue
      }
      if let cutoff = cutoff(of: name, pattern: spec.pattern) { return Metric(spec.kind, cutoff: cutoff) }
    }
    throw unknown(name)
  }

  private static func cutoff(of name: String, pattern: String) -> Int? {
    let parts = pattern.split(separator: "K", maxSplits: 1, omittingEmptySubsequences: false)
    let (head, tail) = (String(parts[0]), String(parts[1]))
    guard name.hasPrefix(head), name.hasSuffix(tail), name.count > head.count + tail.count else { return nil }
    let digits = name.dropFirst(head.count).dropLast(tail.count)
    guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), digits.first != "0" else { return nil }
    return Int(digits)
  }

  /// The nearest name is sought with the digits as they were given: `r@5` → `R@5`.
  private static func unknown(_ name: String) -> IeumError {
    let digits = name.drop { !$0.isNumber }.prefix { $0.isNumber }
    let known = MetricSpec.all.map { spec in
      Int(digits).map { $0 > 0 } == true ? spec.pattern.replacingOccurrence(of: "@K", with: "@\(digits)") : spec.pattern
    }
    let hint = Suggestion.nearest(to: name, in: known).map { "did you mean '\($0)'? " } ?? ""
    return IeumError(
      .usage, "unknown metric '\(name)'",
      remedy: hint + "known: \(MetricSpec.all.map(\.pattern).joined(separator: ", ")), K a positive integer")
  }

  /// The table row of this metric.
  public var spec: MetricSpec {
    MetricSpec.all.first { $0.kind == kind && $0.hasCutoff == (cutoff != nil) } ?? MetricSpec.all[0]
  }

  public var unit: MetricSpec.Unit { spec.unit }
  public var better: MetricSpec.Direction { spec.better }

  /// The name as in tables and JSON.
  public var name: String { spec.pattern.replacingOccurrence(of: "@K", with: cutoff.map { "@\($0)" } ?? "") }
  public var description: String { name }

  /// Whether only the best relevant item of a query matters.
  var needsBestOnly: Bool {
    switch kind {
    case .hit, .medianRank, .medianRankFloor, .meanRank, .reciprocalRank, .recallSum: true
    case .capped, .recall, .averagePrecision, .foundPrecision, .precisionAtAll, .gain: false
    }
  }

  /// Whether the policies of other code bases say what it is.
  var existsInOtherCode: Bool {
    switch kind {
    case .hit, .medianRank, .medianRankFloor, .meanRank, .recallSum: true
    default: false
    }
  }
}

extension String {
  /// Replaces the first occurrence of `part`.
  func replacingOccurrence(of part: String, with other: String) -> String {
    guard let range = firstRange(of: part) else { return self }
    return replacingCharacters(in: range, with: other)
  }

  private func replacingCharacters(in range: Range<String.Index>, with other: String) -> String {
    String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
  }
}
