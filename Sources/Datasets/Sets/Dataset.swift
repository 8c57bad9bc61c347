import Basics

/// One thing to be found: its texts, its pictures, and what it belongs with.
public struct DatasetItem: Sendable, Hashable {
  public let id: String
  /// Language code → caption, plot or other text (Unicode NFC).
  public let texts: [String: String]
  /// Pictures; an item's vector is the mean over them (hong2022). Empty where the item is a film or a sound.
  public let imagePaths: [String]
  /// The sound file; a film's own sound where this is nil and ``videoPath`` is not.
  public let audioPath: String?
  public let videoPath: String?
  /// The part of the film or sound that the item is, in seconds from its beginning; nil = from the first frame.
  public let start: Double?
  /// Where that part ends, in seconds from the file's beginning; nil = at the last frame.
  public let end: Double?
  /// The class, where the dataset has classes.
  public let label: String?
  /// Ids of the items that belong with this one, where the dataset lists them.
  public let relatedIDs: [String]
  /// A short name for reports, where it is not the text itself.
  public let title: String?

  public init(
    id: String, texts: [String: String], imagePaths: [String] = [], audioPath: String? = nil,
    videoPath: String? = nil, start: Double? = nil, end: Double? = nil, label: String? = nil, relatedIDs: [String] = [], title: String? = nil
  ) {
    self.id = id
    self.texts = texts
    self.imagePaths = imagePaths
    self.audioPath = audioPath
    self.videoPath = videoPath
    self.start = start
    self.end = end
    self.label = label
    self.relatedIDs = relatedIDs
    self.title = title
  }

  /// Every file that the item names: pictures, sound, film.
  public var files: [String] { imagePaths + [audioPath, videoPath].compactMap { $0 } }
}

/// The part of a dataset that an item is used for.
public enum Split: String, Sendable, Codable, CaseIterable { case train, test, validation }

/// An item that was left out, and why.
public struct SkippedItem: Sendable, Hashable, Codable {
  public let id: String
  public let reason: String

  public init(id: String, reason: String) {
    self.id = id
    self.reason = reason
  }
}

/// A loaded dataset: items by split, what was left out, and what makes two items relevant to each other.
public struct Dataset: Sendable {
  /// What makes a gallery item relevant to a query item.
  public enum Relevance: String, Sendable, Codable {
    /// Both have the same label.
    case sameLabel
    /// One lists the other among its related ids (read in both directions).
    case relatedIDs
  }

  public let name: String
  /// The language of the texts that the caller asked for.
  public let language: String
  /// SHA-256 over ids, texts, labels, related ids, splits and file names and sizes: names what was loaded.
  public let digest: String
  /// Items in a documented order that does not depend on the file system.
  public let items: [Split: [DatasetItem]]
  public let skipped: [SkippedItem]
  /// What else a user should know about the data.
  public let notes: [String]
  public let relevance: Relevance
  /// Counts and digests, as in a committed card.
  public let card: DatasetCard

  public init(
    name: String, language: String, items: [Split: [DatasetItem]], skipped: [SkippedItem],
    notes: [String] = [],
    relevance: Relevance, sizes: [String: Int] = [:]
  ) {
    self.name = name
    self.language = language
    self.items = items
    self.skipped = skipped
    self.notes = notes
    self.relevance = relevance
    digest = DatasetDigest.of(items, relevance: relevance, sizes: sizes)
    card = DatasetCard(name: name, digest: digest, items: items, skipped: skipped)
  }

  public func items(in split: Split) -> [DatasetItem] { items[split] ?? [] }

  /// All items: train, test, validation.
  public var allItems: [DatasetItem] { Split.allCases.flatMap { items(in: $0) } }

  /// Whether its items are films, or some of them.
  public var hasFilms: Bool { items.values.contains { $0.contains { $0.videoPath != nil } } }

  /// The text of an item in the dataset's language.
  /// - Throws: ``IeumError`` (data) when the item has none.
  public func text(of item: DatasetItem) throws -> String {
    guard let text = item.texts[language] else {
      throw IeumError(
        .data, "the item '\(item.id)' has no text in '\(language)'", place: "dataset '\(name)'",
        remedy: "choose another language")
    }
    return text
  }

  /// The ids among `gallery` that are relevant to `item`, itself left out, in gallery order.
  public func relevantIDs(of item: DatasetItem, among gallery: [DatasetItem]) -> [String] {
    let related = Set(item.relatedIDs)
    return gallery.filter { other in
      guard other.id != item.id else { return false }
      switch relevance {
      case .sameLabel: return item.label != nil && other.label == item.label
      case .relatedIDs: return related.contains(other.id) || other.relatedIDs.contains(item.id)
      }
    }.map(\.id)
  }

  /// The item-to-item retrieval task inside one split (hong2022): each item queries all the others.
  public func retrieval(in split: Split) -> ItemRetrieval { ItemRetrieval(items(in: split), relevance) }

  /// The same task among some items of a split only: those that could be encoded.
  public func retrieval(of items: [DatasetItem]) -> ItemRetrieval { ItemRetrieval(items, relevance) }
}

/// Ground truth of item-to-item retrieval: rows are positions in ``items``.
public struct ItemRetrieval: Sendable {
  /// Gallery and, as far as they can be answered, queries.
  public let items: [DatasetItem]
  /// For each item the rows of the items relevant to it, rising, itself left out.
  public let relevantRows: [[Int]]
  /// Rows of the items that have something to find: the queries to evaluate.
  public let queryRows: [Int]
  /// Ids of the items with nothing to find; they stay in the gallery and are reported, never counted.
  public let unanswerableIDs: [String]

  init(_ items: [DatasetItem], _ relevance: Dataset.Relevance) {
    self.items = items
    switch relevance {
    case .sameLabel: relevantRows = ItemRetrieval.byLabel(items)
    case .relatedIDs: relevantRows = ItemRetrieval.byRelation(items)
    }
    let relevant = relevantRows
    queryRows = items.indices.filter { !relevant[$0].isEmpty }
    unanswerableIDs = items.indices.filter { relevant[$0].isEmpty }.map { items[$0].id }
  }

  private static func byLabel(_ items: [DatasetItem]) -> [[Int]] {
    let rows = Dictionary(grouping: items.indices) { items[$0].label }
    return items.indices.map { row in
      guard let label = items[row].label else { return [] }
      return (rows[label] ?? []).filter { $0 != row }
    }
  }

  private static func byRelation(_ items: [DatasetItem]) -> [[Int]] {
    let rowOf = Dictionary(items.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    var relevant = [Set<Int>](repeating: [], count: items.count)
    for (row, item) in items.enumerated() {
      for other in item.relatedIDs.compactMap({ rowOf[$0] }) where other != row {
        relevant[row].insert(other)
        relevant[other].insert(row)
      }
    }
    return relevant.map { $0.sorted() }
  }
}
