import Basics
import Foundation

/// What `ieum data check` finds out about one dataset.
public struct DatasetReport: Sendable, Codable {
  public let name: String
  /// Where it was looked for.
  public let root: String
  /// Whether experiments can use it.
  public internal(set) var ready = false
  /// What is expected where.
  public let expected: [String]
  public internal(set) var found: [String] = []
  /// What stands in the way, each with the way out.
  public internal(set) var missing: [String] = []
  public internal(set) var notes: [String] = []
  public internal(set) var skipped: [SkippedItem] = []
  /// Items of the test split that have nothing to find; they are not evaluated as queries.
  public internal(set) var unanswerable: [String] = []
  public internal(set) var card: DatasetCard?

  init(name: String, root: String, expected: [String]) {
    self.name = name
    self.root = root
    self.expected = expected
  }

  mutating func add(_ dataset: Dataset) {
    ready = true
    card = dataset.card
    skipped = dataset.skipped
    notes += dataset.notes
    unanswerable = dataset.retrieval(in: .test).unanswerableIDs
    let items = dataset.allItems
    let counts = [
      (items.map(\.imagePaths.count).reduce(0, +), "pictures"), (items.count { $0.videoPath != nil }, "films"),
      (items.count { $0.audioPath != nil }, "sounds"),
    ]
    let parts = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    found.append("\(dataset.card.items) items with \(parts.joined(separator: ", "))")
  }

  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// The report for a person.
  public var text: String {
    var lines = ["\(name): \(ready ? "ready" : "not ready") (\(root))", "  expected:"]
    lines += expected.map { "    \($0)" }
    lines += found.map { "  found: \($0)" }
    lines += missing.map { "  missing: \($0)" }
    if let card {
      let splits = Split.allCases.map { "\($0.rawValue) \(card.splits[$0.rawValue] ?? 0)" }
      lines.append("  splits: \(splits.joined(separator: ", "))")
      if !card.classes.isEmpty { lines.append("  classes: \(card.classes.count)") }
      lines.append("  digest: \(card.digest)")
      if let content = card.contentDigest { lines.append("  pictures' digest: \(content)") }
    }
    lines += notes.map { "  note: \($0)" }
    lines += list("skipped", skipped.map { "\($0.id): \($0.reason)" })
    lines += list("test items with nothing to find (not used as queries)", unanswerable)
    return lines.joined(separator: "\n")
  }

  private func list(_ title: String, _ entries: [String], most: Int = 10) -> [String] {
    guard !entries.isEmpty else { return [] }
    let rest = entries.count > most ? ["    … and \(entries.count - most) more (--json lists all)"] : []
    return ["  \(title): \(entries.count)"] + entries.prefix(most).map { "    \($0)" } + rest
  }
}
