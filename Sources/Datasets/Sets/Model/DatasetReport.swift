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
  /// Items whose files are in place but cannot be decoded; nil where the files were not read.
  public internal(set) var unreadable: [SkippedItem]?
  /// Part → listed items against those that can be decoded; nil where the files were not read.
  public internal(set) var decodable: [String: Completeness]?
  /// Part → listed items against those with a sound; nil where the files were not read, or there are no films.
  public internal(set) var sounding: [String: Completeness]?
  /// The named split that was loaded, with its id-list hashes; nil where the dataset has none.
  public internal(set) var split: SplitSummary?
  /// What the parts share; files of published splits are compared by a check of contents alone.
  public internal(set) var leaks: LeakReport?
  /// Other named splits that can be asked for.
  public internal(set) var splitNames: [String] = []

  /// A named split in numbers.
  public struct SplitSummary: Sendable, Codable {
    public let id: String
    public let digest: String
    public let captions: CaptionPolicy
    /// Part → items listed.
    public let sizes: [String: Int]
    /// Part → SHA-256 of its id list.
    public let hashes: [String: String]
    /// Part → listed items against those whose files are in place.
    public let completeness: [String: Completeness]
    /// Items that parts share, where that was allowed.
    public let leakage: [String: Int]

    init(_ split: NamedSplit, _ dataset: Dataset) {
      (id, digest, captions, leakage) = (split.id, split.digest, dataset.captionPolicy, split.leakage)
      func parts<T>(_ value: (Split) -> T?) -> [String: T] {
        Dictionary(uniqueKeysWithValues: Split.allCases.compactMap { part in value(part).map { (part.rawValue, $0) } })
      }
      sizes = parts { split.ids(in: $0).count }
      hashes = parts { split.hash(of: $0) }
      completeness = parts { split.ids(in: $0).isEmpty ? nil : dataset.completeness[$0] }
    }
  }

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
    found.append(DatasetReport.contents(dataset))
    if dataset.split?.followsItems ?? true { unanswerable = dataset.retrieval(in: .test).unanswerableIDs }
    guard let named = dataset.split else { return }
    let summary = SplitSummary(named, dataset)
    split = summary
    for part in Split.allCases {
      guard let count = summary.completeness[part.rawValue], !count.isComplete else { continue }
      missing.append("files of \(count.listed - count.found) items of \(part.rawValue), such as '\(count.missing.first ?? "")'")
    }
    if !summary.completeness.isEmpty, summary.completeness.values.allSatisfy({ $0.found == 0 }) {
      ready = false
      notes.append("without files only embeddings made elsewhere can be evaluated (`ieum eval --dataset \(name)`)")
    }
    for (parts, count) in summary.leakage.sorted(by: { $0.key < $1.key }) {
      notes.append("LEAKAGE: \(count) items are in both of \(parts)")
    }
  }

  /// Looks for items that are in two parts.
  mutating func findLeaks(_ dataset: Dataset, content: Bool, allowed: Bool) {
    let readsFiles = content || dataset.split?.followsItems ?? true
    let kinds = [Leak.Kind.id, .video] + (readsFiles ? [.file, .caption] : [])
    let report = LeakCheck.run(dataset, kinds: kinds)
    leaks = report
    if !report.leaks.isEmpty { notes.append("shared between parts: \(report.summary)") }
    guard !report.sameItems.isEmpty else { return }
    let way = allowed
      ? "allowed, and marked in every result"
      : "experiments that evaluate on them are refused; the option allowLeakage=true goes on"
    notes.append("LEAKAGE: \(LeakReport.text(of: report.sameItems)): \(way)")
  }

  /// Decodes the files of all items.
  mutating func audit(_ dataset: Dataset) {
    let audit = MediaAudit(dataset.allItems, sizes: DatasetDigest.sizes(of: dataset.allItems))
    unreadable = audit.unreadable
    let bad = Set(audit.unreadable.map(\.id))
    func parts(_ count: (Split, Completeness) -> Completeness) -> [String: Completeness] {
      Dictionary(
        uniqueKeysWithValues: Split.allCases.compactMap { part in
          guard let files = dataset.completeness[part], files.listed > 0 else { return nil }
          return (part.rawValue, count(part, files))
        })
    }
    decodable = parts { part, files in
      let lost = dataset.items(in: part).map(\.id).filter(bad.contains)
      return Completeness(
        listed: files.listed, found: files.found - lost.count, missing: Array((files.missing + lost).prefix(20)))
    }
    guard dataset.hasFilms else { return }
    sounding = parts { part, files in
      let mute = dataset.items(in: part).map(\.id).filter { !audit.sounding.contains($0) } + dataset.unusable(in: part)
      return Completeness(listed: files.listed, found: files.listed - mute.count, missing: Array(mute.prefix(20)))
    }
  }

  private static func contents(_ dataset: Dataset) -> String {
    let items = dataset.allItems
    let kinds = [
      ("pictures", items.reduce(0) { $0 + $1.imagePaths.count }), ("films", items.count { $0.videoPath != nil }),
      ("sounds", items.count { $0.audioPath != nil }), ("rows of features", items.count { $0.featurePath != nil }),
      ("captions", items.reduce(0) { $0 + dataset.captions(of: $1).count }),
    ]
    return "\(items.count) items naming " + kinds.filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
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
      lines.append("  items: \(splits.joined(separator: ", "))")
      if !card.classes.isEmpty { lines.append("  classes: \(card.classes.count)") }
      lines.append("  digest: \(card.digest)")
      if let content = card.contentDigest { lines.append("  pictures' digest: \(content)") }
    }
    if let split { lines += text(of: split) }
    if splitNames.count > 1 { lines.append("  other splits: \(splitNames.joined(separator: ", ")) (--option split=NAME)") }
    for (title, counts) in [("decodable", decodable), ("with a sound", sounding)] {
      guard let counts else { continue }
      let parts = Split.allCases.compactMap { part in counts[part.rawValue].map { "\(part.rawValue) \($0.text)" } }
      lines.append("  \(title): \(parts.joined(separator: ", "))")
    }
    let mute = Split.allCases.flatMap { sounding?[$0.rawValue]?.missing ?? [] }
    if !mute.isEmpty { lines.append("  without a sound: such as \(mute.prefix(5).joined(separator: ", "))") }
    lines += notes.map { "  note: \($0)" }
    lines += list("cannot be decoded", (unreadable ?? []).map { "\($0.id): \($0.reason)" })
    lines += list("skipped", skipped.map { "\($0.id): \($0.reason)" })
    lines += list("test items with nothing to find (not used as queries)", unanswerable)
    return lines.joined(separator: "\n")
  }

  private func text(of split: SplitSummary) -> [String] {
    let parts = Split.allCases.map(\.rawValue).compactMap { part -> String? in
      guard let size = split.sizes[part], size > 0 else { return nil }
      let files = split.completeness[part].map { ", files \($0.text)" } ?? ""
      return "    \(part): \(size) listed\(files), id-list hash \(split.hashes[part]?.prefix(12) ?? "")"
    }
    return ["  split: \(split.id) (captions \(split.captions.rawValue), digest \(split.digest.prefix(12)))"] + parts
  }

  private func list(_ title: String, _ entries: [String], most: Int = 10) -> [String] {
    guard !entries.isEmpty else { return [] }
    let rest = entries.count > most ? ["    … and \(entries.count - most) more (--json lists all)"] : []
    return ["  \(title): \(entries.count)"] + entries.prefix(most).map { "    \($0)" } + rest
  }
}
