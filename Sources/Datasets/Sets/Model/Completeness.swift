/// How many of the listed items of a split can be used: their entries are there and their files are in place.
public struct Completeness: Sendable, Hashable, Codable {
  /// Items that the split lists: the N of n/N, and the size of the gallery.
  public let listed: Int
  /// Those with every file present and not empty.
  public let found: Int
  /// The first few ids of the others, in the order of the list.
  public let missing: [String]

  public init(listed: Int, found: Int, missing: [String] = []) {
    self.listed = listed
    self.found = found
    self.missing = missing
  }

  public var isComplete: Bool { found == listed }

  /// `912/1000`.
  public var text: String { "\(found)/\(listed)" }

  /// - Parameter sizes: path → bytes of every file that an item names.
  static func of(_ items: [Split: [DatasetItem]], split: NamedSplit?, sizes: [String: Int]) -> [Split: Completeness] {
    var all: [Split: Completeness] = [:]
    for part in Split.allCases {
      let usable = Set(
        (items[part] ?? []).lazy.filter { item in
          !item.files.isEmpty && item.files.allSatisfy { sizes[$0, default: 0] > 0 }
        }.map(\.id))
      let listed = split?.ids(in: part) ?? (items[part] ?? []).map(\.id)
      let missing = listed.filter { !usable.contains($0) }
      all[part] = Completeness(
        listed: listed.count, found: listed.count - missing.count, missing: Array(missing.prefix(20)))
    }
    return all
  }
}
