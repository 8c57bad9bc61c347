import Basics

extension NamedSplit {
  /// A split of data that have no published one: every row of the table in its part, whether or not it can be used.
  /// - Parameters:
  ///   - ids: of all rows, in the order of the source; those without a side are not listed.
  ///   - source: for messages: a file, or how the parts were cut.
  init(
    own id: String, ids: [String], sides: [String: Split], source: String, dataset: String, allowLeakage: Bool = false
  ) throws {
    var parts: [Split: Part] = [:]
    for part in Split.allCases { parts[part] = Part(ids: ids.filter { sides[$0] == part }, source: source) }
    try self.init(id, parts, dataset: dataset, allowLeakage: allowLeakage, followsItems: true)
  }

  /// A split that ``SplitMaker`` cuts: `label-64-26-10-s2022` where it is stratified by labels, `seed-64-26-10-s2022`
  /// where there are none.
  static func cut(_ entries: [SplitMaker.Entry], seed: UInt64, dataset: String) throws -> NamedSplit {
    let by = entries.contains { !$0.label.isEmpty } ? "label" : "seed"
    return try NamedSplit(
      own: "\(by)-64-26-10-s\(seed)", ids: entries.map(\.id), sides: SplitMaker(seed: seed).assign(entries),
      source: "seed \(seed)", dataset: dataset)
  }

  /// The part of every listed item.
  var sides: [String: Split] {
    var sides: [String: Split] = [:]
    for part in Split.allCases { for id in ids(in: part) where sides[id] == nil { sides[id] = part } }
    return sides
  }
}
