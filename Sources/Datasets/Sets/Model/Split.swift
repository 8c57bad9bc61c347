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
