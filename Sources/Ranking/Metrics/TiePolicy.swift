import Basics

/// What a rank means when items share a score.
public enum TiePolicy: String, Sendable, CaseIterable, Codable {
  /// The mean over all orders of the tied items: a model that scores everything alike gets chance.
  case expected
  /// Relevant items stand first among the tied.
  case optimistic
  /// Relevant items stand last among the tied.
  case pessimistic
  /// As the collaborative-experts code does: the middle place, and R@1 needs the first place exactly. For comparison only.
  case ce
  /// As the CLIP4Clip code does: each tied place becomes an entry, and entries are the divisor. For comparison only.
  case clip4clip

  /// The policies that every result states.
  public static let standard: [TiePolicy] = [.expected, .optimistic, .pessimistic]

  /// Whether the policy exists only to compare with another code base.
  public var isCompatibility: Bool { self == .ce || self == .clip4clip }

  /// - Throws: ``IeumError`` (usage) for an unknown name, with the nearest known one.
  public static func named(_ name: String) throws -> TiePolicy {
    guard let policy = TiePolicy(rawValue: name) else {
      throw Suggestion.unknown("tie policy", name, known: allCases.map(\.rawValue))
    }
    return policy
  }
}
