/// One thing that two splits of a dataset share.
public struct Leak: Sendable, Codable, Equatable {
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// The same id.
    case id
    /// A file with the same bytes.
    case file
    /// A picture that looks the same: equal difference hashes and nearly equal thumbnails.
    case pixels
    /// A text that is the same up to case, punctuation and spaces.
    case caption
    /// Parts of the same film or video.
    case video

    /// Whether it makes a test item one that was trained on; equal captions and look-alikes only may.
    public var isSameItem: Bool { self == .id || self == .file || self == .video }
  }

  public let kind: Kind
  /// Both items, the one of the earlier split first.
  public let items: [String]
  public let splits: [Split]
  /// The file, text or film that they share.
  public let detail: String

  public init(kind: Kind, items: [String], splits: [Split], detail: String) {
    self.kind = kind
    self.items = items
    self.splits = splits
    self.detail = detail
  }
}

/// What the leak checks found in a dataset.
public struct LeakReport: Sendable, Codable, Equatable {
  public let dataset: String
  public let digest: String
  /// Items that were compared.
  public let items: Int
  public let checked: [Leak.Kind]
  public let leaks: [Leak]
  /// Pictures that could not be read and were not compared.
  public let unreadable: Int

  public init(
    dataset: String, digest: String, items: Int, checked: [Leak.Kind], leaks: [Leak], unreadable: Int = 0
  ) {
    self.dataset = dataset
    self.digest = digest
    self.items = items
    self.checked = checked
    self.leaks = leaks
    self.unreadable = unreadable
  }

  public func count(_ kind: Leak.Kind) -> Int { leaks.count { $0.kind == kind } }

  /// The leaks by which an item is on two sides.
  public var sameItems: [Leak] { leaks.filter(\.kind.isSameItem) }

  /// `train+test` → how many items of the later side are such leaks, once each.
  public var shares: [String: Int] {
    Dictionary(grouping: sameItems) { $0.splits.map(\.rawValue).joined(separator: "+") }
      .mapValues { Set($0.compactMap(\.items.last)).count }
  }

  /// Some leaks in words: `a and b (file clip.mp4)`.
  public static func text(of leaks: some Sequence<Leak>) -> String {
    leaks.prefix(3).map { leak in
      let what = leak.detail.isEmpty || leak.kind == .caption ? leak.kind.rawValue : "\(leak.kind.rawValue) \(leak.detail)"
      return "\(leak.items.joined(separator: " and ")) (\(what))"
    }.joined(separator: ", ")
  }

  /// `none found among 945 items (id, file, pixels, caption, video)`, or the counts by kind.
  public var summary: String {
    let names = checked.map(\.rawValue).joined(separator: ", ")
    let unread = unreadable > 0 ? "; \(unreadable) picture(s) could not be read" : ""
    if leaks.isEmpty { return "none found among \(items) items (checked: \(names))\(unread)" }
    let counts = checked.filter { count($0) > 0 }.map { "\(count($0)) by \($0.rawValue)" }
    return "\(leaks.count) found among \(items) items: \(counts.joined(separator: ", ")) (checked: \(names))\(unread)"
  }
}
