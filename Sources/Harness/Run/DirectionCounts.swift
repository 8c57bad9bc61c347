import Datasets

/// Who asked and what was ranked in one direction of a cell. What has no vector stays in queries and gallery, as misses.
public struct DirectionCounts: Codable, Sendable, Equatable {
  /// `t2v`, `i2a`, …; `items` for item-to-item retrieval.
  public var direction: String
  /// Queries that the split lists, and those with a vector; over all folds.
  public var queries: Completeness
  /// Rows (or groups of rows) of the gallery, and those with a vector; over all folds.
  public var gallery: Completeness
  /// Candidates that one query ranks, those without a vector included.
  public var candidates: Int
  /// Items without a sound, which have no part in a direction from or to sounds.
  public var withoutSound: Int

  /// The side that holds clips, pictures or sounds: texts are no items.
  public var items: Completeness { itemsAsk ? queries : gallery }

  /// What became of items without a vector.
  var whatIsLost: String { direction == Self.ofItems ? ", the others left out" : ", the others misses" }

  /// Item-to-item retrieval.
  static let ofItems = "items"

  private var itemsAsk: Bool {
    switch RankedDirection(rawValue: direction) {
    case .clipToText, .clipToTextGrouped, .audioToText: true
    default: false
    }
  }

  /// Whether a reader must be told of it who knows how many items have a vector.
  private func isSpecial(_ known: Completeness) -> Bool {
    let ofTexts = itemsAsk ? gallery : queries
    return withoutSound > 0 || items.text != known.text || !ofTexts.isComplete
  }

  private var text: String {
    var parts = ["\(queries.listed) queries over \(candidates) candidates"]
    if !queries.isComplete { parts.append("\(queries.text) queries with a vector") }
    if !gallery.isComplete { parts.append("\(gallery.text) candidates with a vector") }
    if withoutSound > 0 { parts.append("\(withoutSound) items without sound take no part") }
    return parts.joined(separator: ", ")
  }

  /// Footnotes on directions that lack something else than the first one's items, those alike in one.
  static func notes(_ directions: [DirectionCounts]) -> [String] {
    guard let known = directions.first?.items else { return [] }
    let special = directions.filter { $0.isSpecial(known) }
    return FootnoteLetters.ordered(special.map(\.text)).map { text in
      "\(special.filter { $0.text == text }.map(\.direction).joined(separator: ", ")): \(text)"
    }
  }
}

extension Completeness {
  /// Both together.
  static func + (a: Completeness, b: Completeness) -> Completeness {
    Completeness(listed: a.listed + b.listed, found: a.found + b.found, missing: Array((a.missing + b.missing).prefix(20)))
  }

  /// Of what is there and the names of what is not.
  init(found: Int, absent: [String]) {
    self.init(listed: found + absent.count, found: found, missing: Array(absent.prefix(20)))
  }
}
