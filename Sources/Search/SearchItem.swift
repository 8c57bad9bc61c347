import Datasets
import Harness

/// A picture, clip or sound that can be found.
public struct SearchItem: Sendable, Hashable, Codable {
  public let id: String
  public let dataset: String
  /// The film that a clip is cut from.
  public let film: String?
  /// The media file; nil where the item is known by its vector only.
  public let path: String?
  /// The part of the film, in seconds.
  public let start: Double?
  public let end: Double?
  /// Length of a clip or sound in seconds; nil for a picture.
  public let seconds: Double?
  /// Language code → text.
  public let captions: [String: String]
  /// The caption to show.
  public let caption: String
  /// File name of the thumbnail in the index's `thumbnails` folder.
  public var thumbnail: String?

  public init(
    id: String, dataset: String, film: String? = nil, path: String? = nil, start: Double? = nil, end: Double? = nil,
    seconds: Double? = nil, captions: [String: String] = [:], caption: String, thumbnail: String? = nil
  ) {
    (self.id, self.dataset, self.film, self.path) = (id, dataset, film, path)
    (self.start, self.end, self.seconds) = (start, end, seconds)
    (self.captions, self.caption, self.thumbnail) = (captions, caption, thumbnail)
  }
}

extension SearchItem {
  /// Whether it is heard, not seen: it has a length, but is of no film.
  public var isSound: Bool { film == nil && seconds != nil }
}

/// Which items a search may return; all conditions must hold.
public struct SearchFilter: Sendable, Hashable {
  public var dataset: String?
  public var film: String?
  /// Items with a caption in this language.
  public var language: String?
  /// Length of a clip in seconds; pictures have none and do not pass.
  public var shortest: Double?
  public var longest: Double?

  public init() {}

  public var isEmpty: Bool { self == SearchFilter() }
}

/// One item found.
public struct SearchHit: Sendable, Codable {
  public let rank: Int
  /// Cosine of query and item, −1…1.
  public let score: Double
  public let item: SearchItem
  /// True where the item's file is not there any more; otherwise left out.
  public let missing: Bool?
}
