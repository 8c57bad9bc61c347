/// Rows that left their batch because what they are of could not be read (a damaged film), and what that was.
///
/// What is skipped depends on the data alone, so that a run repeats with the same losses.
public struct SkippedRows: Sendable, Equatable {
  /// Rows, each time one was drawn.
  public private(set) var count = 0
  /// Item → why it cannot be read; the first reason of each.
  public private(set) var reasons: [String: String] = [:]

  public init() {}

  public mutating func add(_ item: String, reason: String) {
    count += 1
    if reasons[item] == nil { reasons[item] = reason }
  }

  mutating func add(_ other: SkippedRows) {
    count += other.count
    reasons.merge(other.reasons) { first, _ in first }
  }

  /// What to say when no batch of an epoch is left.
  var description: String {
    guard let first = reasons.min(by: { $0.key < $1.key }) else { return "the sources are empty" }
    return "\(reasons.count) item(s) cannot be decoded, such as '\(first.key)': \(first.value)"
  }
}
