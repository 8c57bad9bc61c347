import Basics

/// One direction of retrieval on a split: who asks, what is ranked, and what is relevant. It holds names and rows only;
/// vectors come from any program.
public struct RetrievalTask: Sendable {
  /// Where a side's vectors come from.
  public enum Side: String, Sendable, Codable {
    /// Captions or class names.
    case texts
    /// Clips or pictures.
    case items
    /// The same items as another modality: their sound.
    case partners
    /// Pictures that ask, where they may be encoded otherwise than those of the gallery (asymmetric hashing).
    case queries
  }

  /// A query or a gallery row.
  public struct Entry: Sendable, Hashable {
    /// `ID`, `ID#k` for the k-th caption, or a class name.
    public let name: String
    /// Other names under which a feature file may hold its vector.
    public let aliases: [String]

    init(_ name: String, aliases: [String] = []) {
      self.name = name
      self.aliases = aliases
    }
  }

  /// A gallery of its own with its queries; most tasks have one, `coco1k-5fold` has five.
  public struct Fold: Sendable {
    public let queries: [Entry]
    public let gallery: [Entry]
    /// Relevant gallery rows of query q: `indices[indptr[q]..<indptr[q+1]]`, ascending.
    public let indptr: [Int]
    public let indices: [Int]
    /// Group of each gallery row, where a group's best row stands for it (`v2t-grouped`).
    public let groups: [Int]?
  }

  /// The protocol's name: `t2v`, `coco1k-5fold`.
  public let protocolName: String
  /// `t2v`, `v2t-flat`, `v2t-grouped`, `t2i`, `i2t`, `a2b`, `b2a`, `i2i`.
  public let direction: String
  public let querySide: Side
  public let gallerySide: Side
  /// The dataset and its split, such as `msrvtt/1kA-9k test`.
  public let split: String
  public let captionPolicy: CaptionPolicy
  /// What a text asks for: its own item, or every item of its class.
  public let textRelevance: Dataset.TextRelevance
  public let folds: [Fold]
  /// Items that the split lists, whether or not they have an entry here.
  public let listedItems: Int

  /// SHA-256 of the names of all queries (``IDList/hash(_:)``).
  public var queryHash: String { IDList.hash(folds.flatMap { $0.queries.map(\.name) }) }
  /// SHA-256 of the names of all gallery rows: numbers may stand side by side only where it is equal.
  public var galleryHash: String { IDList.hash(folds.flatMap { $0.gallery.map(\.name) }) }
  /// Candidates that one query ranks in the first fold: rows, or groups.
  public var candidates: Int {
    guard let fold = folds.first else { return 0 }
    return fold.groups.map { Set($0).count } ?? fold.gallery.count
  }
}
