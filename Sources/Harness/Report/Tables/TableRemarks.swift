import Datasets
import Foundation

/// The remarks under a table that say how far its numbers can be trusted.
extension ReportTable {
  /// - Parameter measured: the results behind the table's numbers.
  func trustRemarks(
    _ spec: TableSpec, _ measured: [CellResult], comparisons: TableComparisons?, leaks: [LeakReport]
  ) -> [String] {
    [
      spreadRemark, intervalRemark(measured), significanceRemark(spec, comparisons), tiesRemark(measured),
      protocolRemark(measured), searchRemark(measured), leakRemark(leaks),
    ].compactMap { $0 }
  }

  private func intervalRemark(_ measured: [CellResult]) -> String? {
    guard hasIntervals else { return nil }
    let blocked = measured.filter { $0.queryBlocks > 0 && $0.queryBlocks < $0.queries }.map(\.queryBlocks)
    let drawn = blocked.isEmpty
      ? "queries" : "\(FootnoteLetters.ordered(blocked.map(String.init)).joined(separator: ", ")) blocks of queries that share a video or image"
    return "In brackets: 95 % interval of the mean over the seeds, percentile bootstrap over \(drawn)."
  }

  private func significanceRemark(_ spec: TableSpec, _ comparisons: TableComparisons?) -> String? {
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
  private func tiesRemark(_ measured: [CellResult]) -> String? {
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

  /// What every method was allowed to try, and how often the test split was read for it.
  private func searchRemark(_ measured: [CellResult]) -> String? {
    guard let search = measured.compactMap(\.search).first else { return readsRemark(measured) }
    let names = FootnoteLetters.ordered(measured.flatMap { $0.search?.tried.flatMap { $0.settings.keys.sorted() } ?? [] })
    let without = measured.filter { $0.search == nil }.map(\.rowTitle)
    let rest = without.isEmpty ? "" : " (nothing to search: \(FootnoteLetters.ordered(without).joined(separator: ", ")))"
    return "Budget: \(search.trials) trials of \(search.epochs) epochs for every method\(rest), \(search.method) search over "
      + "\(names.joined(separator: ", ")), chosen by \(search.metric) on the validation split."
      + (readsRemark(measured).map { " " + $0 } ?? "")
  }

  private func readsRemark(_ measured: [CellResult]) -> String? {
    let reads = measured.map(\.testReads).filter { $0 > 0 }
    guard let most = reads.max() else { return nil }
    if most == 1 { return "Settings evaluated on the test split: one per cell." }
    let many = measured.filter { $0.testReads > 1 }.count
    return "Settings evaluated on the test split so far: up to \(most) per cell (more than one in \(many) of \(measured.count) "
      + "cells); choosing among them by these numbers is selection on the test split."
  }

  private func leakRemark(_ leaks: [LeakReport]) -> String? {
    let found = leaks.filter { !$0.leaks.isEmpty }
    guard !found.isEmpty else { return nil }
    return "Shared between splits: " + found.map { "\($0.dataset): \($0.summary)" }.joined(separator: "; ") + "."
  }

  private func protocolRemark(_ measured: [CellResult]) -> String? {
    let without = measured.map(\.queriesWithoutRelevant).filter { $0 > 0 }
    guard let least = without.min(), let most = without.max() else { return nil }
    let count = least == most ? "\(most)" : "\(least) to \(most)"
    return "\(count) item\(most == 1 ? " has" : "s have") no relevant partner: in the gallery, but no quer\(most == 1 ? "y" : "ies")."
  }
}

extension ReportTable.Cell {
  mutating func compare(with comparisons: TableComparisons?, in spec: TableSpec, _ metric: MetricStyle) {
    guard let id, let entry = comparisons?.entries.first(where: {
      $0.table == spec.name && $0.metric == spec.metric && $0.cell == id
    }) else { return }
    comparison = entry
    guard entry.isSignificant, let difference = entry.difference else { return }
    significance = (difference > 0) != metric.lowerIsBetter ? "▲" : "▼"
  }
}
