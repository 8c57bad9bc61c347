/// Which captions of an item with several take part in an evaluation. Training uses them all.
public enum CaptionPolicy: String, Sendable, Codable, CaseIterable {
  /// The one sentence that the split's list gives for each item (MSR-VTT 1k-A).
  case fixedList = "fixed-list"
  /// The first caption of each item.
  case first
  /// The first five captions of each item (COCO and Flickr30k).
  case firstFive = "first-five"
  /// Every caption.
  case all
  /// All captions of an item as one text, joined by spaces in the order of the source (paragraph retrieval).
  case concat

  /// - Parameter listed: the list's sentence for the item, where there is one.
  func choose(_ captions: [String], listed: String? = nil) -> [String] {
    switch self {
    case .fixedList: listed.map { [$0] } ?? []
    case .first: Array(captions.prefix(1))
    case .firstFive: Array(captions.prefix(5))
    case .all: captions
    case .concat: captions.isEmpty ? [] : [captions.joined(separator: " ")]
    }
  }
}
