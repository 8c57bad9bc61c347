import Basics
import Foundation
import Ranking

/// Metrics straight from their definitions: every order of tied items is enumerated, every score is a double loop.
struct Oracle {
  let scores: [[Double]]
  let relevant: [Set<Int>]
  let exclude: [Int]?

  func value(_ name: String, _ policy: TiePolicy) -> Double {
    if name == "rsum" {
      let forward = ["R@1", "R@5", "R@10"].reduce(0) { $0 + value($1, policy) }
      guard exclude == nil else { return forward }
      return ["R@1", "R@5", "R@10"].reduce(forward) { $0 + reversed.value($1, policy) }
    }
    if policy == .clip4clip { return clip4clip(name) }
    let values = scores.indices.map { perQuery(name, $0, policy) }
    if name == "MedR" { return Oracle.median(values) }
    let scale = ["MnR", "MRR"].contains(name) || name.hasPrefix("nDCG") ? 1.0 : 100
    return scale * values.reduce(0, +) / Double(values.count)
  }

  var reversed: Oracle {
    let wanted = scores[0].indices.filter { item in relevant.contains { $0.contains(item) } }
    return Oracle(
      scores: wanted.map { item in scores.map { $0[item] } },
      relevant: wanted.map { item in Set(relevant.indices.filter { relevant[$0].contains(item) }) }, exclude: nil)
  }

  private func items(_ query: Int) -> [Int] { scores[query].indices.filter { $0 != exclude?[query] } }

  private func perQuery(_ name: String, _ query: Int, _ policy: TiePolicy) -> Double {
    let (row, wanted) = (scores[query], relevant[query])
    if policy == .ce {
      let best = wanted.map { row[$0] }.max() ?? 0
      let positions = items(query).sorted { row[$0] > row[$1] }.enumerated().filter { row[$0.element] == best }
      let rank = Double(positions.reduce(0) { $0 + $1.offset }) / Double(positions.count)
      guard let cutoff = Oracle.cutoff(name) else { return rank + 1 }
      return rank < Double(cutoff) ? (cutoff == 1 && rank != 0 ? 0 : 1) : 0
    }
    var orders: [[Int]] = []
    switch policy {
    case .optimistic: orders = [items(query).sorted { (row[$0], wanted.contains($0) ? 1 : 0) > (row[$1], wanted.contains($1) ? 1 : 0) }]
    case .pessimistic: orders = [items(query).sorted { (row[$0], wanted.contains($0) ? 0 : 1) > (row[$1], wanted.contains($1) ? 0 : 1) }]
    default: orders = Oracle.orders(items(query), row)
    }
    return orders.reduce(0) { $0 + Oracle.measure(name, $1.map { wanted.contains($0) }, wanted.count) } / Double(orders.count)
  }

  private func clip4clip(_ name: String) -> Double {
    var entries: [Double] = []
    for query in scores.indices {
      let best = relevant[query].map { scores[query][$0] }.max() ?? 0
      let sorted = items(query).map { scores[query][$0] }.sorted(by: >)
      for (place, score) in sorted.enumerated() where score == best { entries.append(Double(place)) }
    }
    if name == "MedR" { return Oracle.median(entries) + 1 }
    if name == "MnR" { return entries.reduce(0, +) / Double(entries.count) + 1 }
    let cutoff = Double(Oracle.cutoff(name) ?? 0)
    return 100 * Double(entries.count { $0 < cutoff }) / Double(entries.count)
  }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  static func cutoff(_ name: String) -> Int? {
    name.split(separator: "@").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) }
  }

  /// All orders of the items in which scores never rise.
  static func orders(_ items: [Int], _ row: [Double]) -> [[Int]] {
    if items.isEmpty { return [[]] }
    let top = items.map { row[$0] }.max()
    return items.filter { row[$0] == top }.flatMap { first in
      orders(items.filter { $0 != first }, row).map { [first] + $0 }
    }
  }

  /// One metric of one query in one definite order.
  static func measure(_ name: String, _ hits: [Bool], _ relevant: Int) -> Double {
    let cutoff = cutoff(name) ?? hits.count
    let places = hits.indices.filter { hits[$0] }.map { $0 + 1 }
    let found = places.filter { $0 <= cutoff }
    let precisions = found.enumerated().reduce(0.0) { $0 + Double($1.offset + 1) / Double($1.element) }
    let kind = String(name.prefix { $0 != "@" }) + (name.hasSuffix("-found") ? "-found" : "")
    switch kind {
    case "R": return found.isEmpty ? 0 : 1
    case "cappedR": return Double(found.count) / Double(min(cutoff, relevant))
    case "recall": return Double(found.count) / Double(relevant)
    case "MedR", "MnR": return Double(places[0])
    case "MRR": return 1 / Double(places[0])
    case "mAP": return precisions / Double(min(cutoff, relevant))
    case "mAP-found": return found.isEmpty ? 0 : precisions / Double(found.count)
    case "nDCG":
      let gain = { (places: [Int]) in places.reduce(0.0) { $0 + 1 / log2Of(Double($1) + 1) } }
      return gain(found) / gain(Array(1...min(relevant, cutoff)))
    default: return .nan
    }
  }
}

/// log₂ by natural logarithms.
private func log2Of(_ x: Double) -> Double { log(x) / log(2.0) }
