import Basics

/// Cuts items into train, test and validation parts (64 : 26 : 10, hong2022), from a seed and the items
/// alone.
///
/// Within each label the parts have the sizes 26 % (test) and 10 % (validation), rounded, the rest is for
/// training. Groups of items that must stay together (equal captions) go, the large ones first and otherwise
/// in a seeded order, each to the part that lacks most items. The order in which items come does not matter.
struct SplitMaker {
  var seed: UInt64 = 2022
  var test = 0.26
  var validation = 0.10

  struct Entry {
    let id: String
    let label: String
    /// Entries with a key in common stay on one side.
    var keys: [String] = []
  }

  /// Gives each id its split.
  func assign(_ entries: [Entry]) -> [String: Split] {
    var splits: [String: Split] = [:]
    let groups = SplitMaker.groups(entries.sorted { $0.id < $1.id })
    // A group that spans several labels counts for its first item's.
    let byLabel = Dictionary(grouping: groups) { $0[0].label }
    for (label, groups) in byLabel.sorted(by: { $0.key < $1.key }) {
      var generator = SeededGenerator(seed: seed, purpose: "split/\(label)")
      var lacking = quotas(groups.map(\.count).reduce(0, +))
      for group in ordered(groups, &generator) {
        let split = Split.allCases.max { lacking[$0, default: 0] < lacking[$1, default: 0] } ?? .train
        lacking[split, default: 0] -= group.count
        for entry in group { splits[entry.id] = split }
      }
    }
    return splits
  }

  private func quotas(_ count: Int) -> [Split: Int] {
    let test = Int((Double(count) * self.test).rounded())
    let validation = Int((Double(count) * self.validation).rounded())
    return [.train: count - test - validation, .test: test, .validation: validation]
  }

  /// Seeded Fisher–Yates, then larger groups first (ties keep their shuffled order).
  private func ordered(_ groups: [[Entry]], _ generator: inout SeededGenerator) -> [[Entry]] {
    generator.shuffled(groups).enumerated()
      .sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }.map(\.element)
  }

  /// Connected components of entries that share a key.
  private static func groups(_ entries: [Entry]) -> [[Entry]] {
    var parent = Array(entries.indices)
    func root(_ index: Int) -> Int {
      var index = index
      while parent[index] != index { index = parent[index] }
      return index
    }
    var firstWith: [String: Int] = [:]
    for (index, entry) in entries.enumerated() {
      for key in entry.keys {
        if let other = firstWith[key] {
          let (a, b) = (root(index), root(other))
          parent[max(a, b)] = min(a, b)
        } else {
          firstWith[key] = index
        }
      }
    }
    let members = Dictionary(grouping: entries.indices) { root($0) }
    return members.sorted { $0.key < $1.key }.map { $0.value.map { entries[$0] } }
  }
}
