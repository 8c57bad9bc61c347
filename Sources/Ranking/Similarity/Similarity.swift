import Basics

/// How a query vector and a gallery vector are compared. A score is always larger = closer; distances are negated here
/// and nowhere else.
public enum Similarity: String, Sendable, CaseIterable, Codable {
  /// Cosine of the angle; a zero vector has similarity 0 to everything.
  case cosine
  /// Inner product of the vectors as they are.
  case dot
  /// Negated Euclidean distance.
  case euclidean

  /// - Throws: ``IeumError`` (usage) for an unknown name, with the nearest known one.
  public static func named(_ name: String) throws -> Similarity {
    guard let similarity = Similarity(rawValue: name) else {
      throw Suggestion.unknown("similarity", name, known: allCases.map(\.rawValue))
    }
    return similarity
  }
}
