import Basics
import Foundation

/// The identity of a dataset in numbers: committed beside the code for the sets that ieum ships with.
public struct DatasetCard: Sendable, Codable, Equatable {
  public let name: String
  /// As ``Dataset/digest``.
  public let digest: String
  /// SHA-256 over the pictures' bytes; only filled and compared by a full check.
  public var contentDigest: String?
  public let items: Int
  /// Split → number of items.
  public let splits: [String: Int]
  /// Class → split → number of items; empty for a dataset without classes.
  public let classes: [String: [String: Int]]
  public let skipped: Int

  init(name: String, digest: String, items: [Split: [DatasetItem]], skipped: [SkippedItem]) {
    self.name = name
    self.digest = digest
    self.items = items.values.map(\.count).reduce(0, +)
    self.skipped = skipped.count
    var splits: [String: Int] = [:]
    var classes: [String: [String: Int]] = [:]
    for split in Split.allCases {
      splits[split.rawValue] = items[split]?.count ?? 0
      for label in (items[split] ?? []).compactMap(\.label) {
        classes[label, default: [:]][split.rawValue, default: 0] += 1
      }
    }
    self.splits = splits
    self.classes = classes
  }

  /// The committed card of a dataset, or nil where none was shipped.
  /// - Throws: ``IeumError`` (system) for a card that cannot be read.
  public static func shipped(for name: String) throws -> DatasetCard? {
    guard let url = Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Cards") else {
      return nil
    }
    do {
      return try JSONDecoder().decode(DatasetCard.self, from: Data(contentsOf: url))
    } catch {
      throw IeumError(
        .system, "is not a dataset card", file: url.path, remedy: "restore it from the repository")
    }
  }

  /// The card as it is committed: sorted keys, one per line.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
  }

  /// How the data differ from this card, in one sentence per difference; empty when they agree.
  public func differences(from found: DatasetCard) -> [String] {
    var differences: [String] = []
    if items != found.items { differences.append("expected \(items) items, found \(found.items)") }
    for split in Split.allCases where splits[split.rawValue] != found.splits[split.rawValue] {
      let (expected, have) = (splits[split.rawValue] ?? 0, found.splits[split.rawValue] ?? 0)
      differences.append("expected \(expected) items in \(split.rawValue), found \(have)")
    }
    for label in Set(classes.keys).union(found.classes.keys).sorted()
    where classes[label] != found.classes[label] {
      let expected = classes[label]?.values.reduce(0, +) ?? 0
      let have = found.classes[label]?.values.reduce(0, +) ?? 0
      if expected != have {
        differences.append("expected \(expected) items of class '\(label)', found \(have)")
      }
    }
    if digest != found.digest {
      differences.append("expected the digest \(digest.prefix(12))…, found \(found.digest.prefix(12))…")
    }
    if let contentDigest, let other = found.contentDigest, contentDigest != other {
      differences.append(
        "expected pictures of digest \(contentDigest.prefix(12))…, found \(other.prefix(12))…")
    }
    return differences
  }
}
