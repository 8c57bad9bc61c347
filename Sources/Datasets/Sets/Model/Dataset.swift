import Basics

/// A loaded dataset: items by split, what was left out, and what makes two items relevant to each other.
public struct Dataset: Sendable {
  /// What makes a gallery item relevant to a query item.
  public enum Relevance: String, Sendable, Codable {
    /// Both have the same label.
    case sameLabel
    /// One lists the other among its related ids (read in both directions).
    case relatedIDs
  }

  /// What makes a gallery item relevant to a text.
  public enum TextRelevance: String, Sendable, Codable {
    /// The text was written for this item.
    case ownItem
    /// The text is a class name: every item of the class (VGGSound).
    case label
  }

  public let name: String
  /// The language of the texts that the caller asked for.
  public let language: String
  /// SHA-256 over ids, texts, labels, related ids, splits, file names and what is in the files: names what was loaded.
  public let digest: String
  /// Items in a documented order that does not depend on the file system.
  public let items: [Split: [DatasetItem]]
  public let skipped: [SkippedItem]
  /// What else a user should know about the data.
  public let notes: [String]
  public let relevance: Relevance
  /// What a text of an item asks for in text-to-item retrieval.
  public let textRelevance: TextRelevance
  /// The published or user-given split that ``items`` follow, where it has a name.
  public let split: NamedSplit?
  /// Which captions of validation and test items are here.
  public let captionPolicy: CaptionPolicy
  /// What every number measured or trained on it must say; nil for data that are what they are called.
  public let footnote: String?
  /// Items of datasets with one namespace are the same where their ids are (`coco`, `coco/…` of `coco-flickr30k`).
  public let namespace: String
  /// Per split, the listed items against those whose files are in place.
  public let completeness: [Split: Completeness]
  /// Counts and digests, as in a committed card.
  public let card: DatasetCard

  /// - Parameters:
  ///   - sizes: path → bytes of the items' files, as far as they are there.
  ///   - made: path → what a file was made from, of sets that ieum makes.
  public init(
    name: String, language: String, items: [Split: [DatasetItem]], skipped: [SkippedItem],
    notes: [String] = [], relevance: Relevance, sizes: [String: Int] = [:], made: [String: MadeFile] = [:],
    split: NamedSplit? = nil, captionPolicy: CaptionPolicy = .all, textRelevance: TextRelevance = .ownItem,
    namespace: String? = nil, footnote: String? = nil
  ) {
    self.name = name
    self.language = language
    self.items = items
    self.skipped = skipped
    self.notes = notes
    self.relevance = relevance
    self.split = split
    self.captionPolicy = captionPolicy
    self.textRelevance = textRelevance
    self.namespace = namespace ?? name
    self.footnote = footnote
    let contents = DatasetDigest.contents(of: items.values.joined(), name: name, made: made)
    digest = DatasetDigest.of(items, relevance: relevance, contents: contents, split: split)
    completeness = Completeness.of(items, split: split, sizes: sizes)
    card = DatasetCard(name: name, digest: digest, items: items, skipped: skipped)
  }

  public func items(in split: Split) -> [DatasetItem] { items[split] ?? [] }

  /// How many items these parts have.
  public func count(in splits: [Split]) -> Int { splits.reduce(0) { $0 + items(in: $1).count } }

  /// Items that the split lists and that are no items here: no entry, or none that can be used.
  public func unusable(in part: Split) -> [String] {
    guard let split else { return [] }
    let known = Set(items(in: part).map(\.id))
    return split.ids(in: part).filter { !known.contains($0) }
  }

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

  /// All texts of an item in the dataset's language; empty when it has none.
  public func captions(of item: DatasetItem) -> [String] { item.captions[language] ?? [] }

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
