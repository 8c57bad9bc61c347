import Foundation

/// The remarks under a table that say how far its numbers can be trusted.
extension ReportTable {
  func intervalRemark(_ measured: [CellResult]) -> String? {
    guard hasIntervals else { return nil }
    let blocked = measured.filter { $0.queryBlocks > 0 && $0.queryBlocks < $0.queries }.map(\.queryBlocks)
    let drawn = blocked.isEmpty
      ? "queries" : "\(FootnoteLetters.ordered(blocked.map(String.init)).joined(separator: ", ")) blocks of queries that share a video or image"
    return "In brackets: 95 % interval of the mean over the seeds, percentile bootstrap over \(drawn)."
  }

  func significanceRemark(_ spec: TableSpec, _ comparisons: TableComparisons?) -> String? {
    guard let baseline = spec.baseline, let comparisons else { return nil }
    let own = comparisons.entries.filter { $0.table == name }
    let tested = own.count { $0.p != nil }
    var text =
      "▲ better, ▼ worse than the baseline (\(baseline.label)): \(comparisons.test), \(comparisons.rounds) draws, "
      + "alpha \(comparisons.alpha) after Holm's correction over the \(tested) comparison\(tested == 1 ? "" : "s") of "
      + "this table; without a mark the difference is not significant."
    let reasons = FootnoteLetters.ordered(own.compactMap(\.reason))
    if !reasons.isEmpty { text += " Not tested: \(own.count - tested) (\(reasons.joined(separator: "; ")))." }
    return text
  }

  /// Where equal scores leave a rank open, the table says so, and how much hangs on it.
  func tiesRemark(_ measured: [CellResult]) -> String? {
    let tied = measured.filter { $0.ties.queries > 0 }
    guard let most = tied.max(by: { $0.ties.queries < $1.ties.queries }) else { return nil }
    let widest = tied.compactMap { $0.ties.bounds?[metric.name] }.filter { $0.count == 2 }
      .max { abs($0[1] - $0[0]) < abs($1[1] - $1[0]) }
    let effect = widest.map {
      "; at most between \(metric.format($0[0])) (pessimistic) and \(metric.format($0[1])) (optimistic)"
    } ?? "; \(metric.name) does not depend on it"
    return "Ties: in up to \(most.ties.queries) of \(most.queries) queries optimistic and pessimistic ranks differ "
      + "(\(tied.count) of \(measured.count) cells); shown is the \(most.ties.policy) reading\(effect)."
  }

  func protocolRemark(_ measured: [CellResult]) -> String? {
    let without = measured.map(\.queriesWithoutRelevant).filter { $0 > 0 }
    guard let least = without.min(), let most = without.max() else { return nil }
    let count = least == most ? "\(most)" : "\(least) to \(most)"
    return "\(count) item\(most == 1 ? " has" : "s have") no relevant partner: in the gallery, but no quer\(most == 1 ? "y" : "ies")."
  }
}

extension ReportTable.Cell {
  mutating func compare(with comparisons: TableComparisons?, in spec: TableSpec, _ metric: MetricStyle) {
    guard let id, let entry = comparisons?.entries.first(where: { $0.table == spec.name && $0.cell == id }) else { return }
    comparison = entry
    guard entry.isSignificant, let difference = entry.difference else { return }
    significance = (difference > 0) != metric.lowerIsBetter ? "▲" : "▼"
  }
}
