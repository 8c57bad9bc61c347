import Basics

/// A published (or user-given) division of a dataset: fixed lists of ids under a name, with their hashes.
public struct NamedSplit: Sendable, Hashable, Codable {
  /// Where the ids of one part come from.
  struct Part {
    let ids: [String]
    /// For messages: a file, or how the list is derived.
    let source: String
  }

  /// `1kA-9k`. Held-out validation items, another test list and tolerated leakage are part of the name.
  public let id: String
  private let train: [String]
  private let validation: [String]
  private let test: [String]
  /// SHA-256 over ``id`` and the hashes of the three parts.
  public let digest: String
  /// Items that two parts share, where the caller allowed it: `train+test` → how many.
  public let leakage: [String: Int]
  /// Whether the parts follow from the items alone (a seed, a column of a table of one's own): the digest of a dataset
  /// covers its items part by part and need not name such a split.
  public let followsItems: Bool

  public func ids(in part: Split) -> [String] {
    switch part {
    case .train: train
    case .validation: validation
    case .test: test
    }
  }

  /// As ``IDList/hash(_:)``; nil for a part without items.
  public func hash(of part: Split) -> String? { ids(in: part).isEmpty ? nil : IDList.hash(ids(in: part)) }

  /// - Throws: ``IeumError`` (data) for an id that comes twice in a part, and, unless allowed, for one that two parts
  ///   share.
  init(
    _ id: String, _ parts: [Split: Part], dataset: String, allowLeakage: Bool = false, followsItems: Bool = false
  ) throws {
    self.followsItems = followsItems
    for part in Split.allCases {
      var seen: Set<String> = []
      if let entry = parts[part], let twice = entry.ids.first(where: { !seen.insert($0).inserted }) {
        throw IeumError(
          .data, "the id '\(twice)' comes twice in \(part.rawValue)", file: entry.source,
          place: "dataset '\(dataset)', split '\(id)'", remedy: "list every item once")
      }
    }
    leakage = try NamedSplit.leakage(id, parts, dataset, allowed: allowLeakage)
    train = parts[.train]?.ids ?? []
    validation = parts[.validation]?.ids ?? []
    test = parts[.test]?.ids ?? []
    let marks = leakage.sorted { $0.key < $1.key }.map { "!\($0.key)=\($0.value)" }.joined()
    self.id = id + marks
    digest = Digest.of(([id + marks] + [train, validation, test].map { IDList.hash($0) }).joined(separator: "\n"))
  }

  private static func leakage(
    _ id: String, _ parts: [Split: Part], _ dataset: String, allowed: Bool
  ) throws -> [String: Int] {
    var found: [String: Int] = [:]
    let pairs: [(Split, Split)] = [(.train, .test), (.train, .validation), (.validation, .test)]
    for (first, second) in pairs {
      guard let (a, b) = parts[first].flatMap({ a in parts[second].map { (a, $0) } }) else { continue }
      let known = Set(a.ids)
      let shared = b.ids.filter(known.contains)
      guard let example = shared.first else { continue }
      guard allowed else {
        throw IeumError(
          .data,
          "\(shared.count) of \(b.ids.count) items of \(second.rawValue) are in \(first.rawValue) too, such as "
            + "'\(example)': numbers on them would not be test results",
          file: b.source, place: "dataset '\(dataset)', split '\(id)', \(first.rawValue) from \(a.source)",
          remedy: "choose a split that leaves them out of \(first.rawValue); the option allowLeakage=true goes on and "
            + "marks everything it stores")
      }
      found["\(first.rawValue)+\(second.rawValue)"] = shared.count
    }
    return found
  }
}
