import Datasets

/// Which published (or user-given) split a cell's numbers were measured on: stored with each result, and a footnote of
/// its table cell, so that rows with different galleries never stand side by side unmarked.
public struct EvaluatedSplit: Codable, Sendable, Equatable {
  /// `msrvtt/1kA-9k test`.
  public var name: String
  /// The caption policy.
  public var captions: String
  /// SHA-256 of the part's id list (``IDList/hash(_:)``).
  public var hash: String
  /// SHA-256 over the split's name and all its lists.
  public var splitDigest: String
  /// Items listed, and those whose files are in place.
  public var completeness: Completeness
  /// Items that two sides share, where that was allowed: parts of the split, or what is trained on and what is evaluated.
  public var leakage: [String: Int]

  /// nil for a dataset whose split has no name.
  public init?(_ dataset: Dataset, _ part: Split) {
    guard let split = dataset.split, let hash = split.hash(of: part), let count = dataset.completeness[part] else { return nil }
    name = "\(dataset.name)/\(split.id) \(part.rawValue)"
    captions = dataset.captionPolicy.rawValue
    self.hash = hash
    splitDigest = split.digest
    completeness = count
    leakage = split.leakage
  }

  /// What a table says under the number.
  /// - Parameter ranked: what came of the ranking; nil = it is known only which files are in place.
  public func note(_ ranked: DirectionCounts? = nil) -> String {
    let count = ranked.map { "\($0.items.text) listed items with a vector\($0.items.isComplete ? "" : $0.whatIsLost)" } ?? "\(completeness.text) listed items with files"
    let shared = leakage.sorted { $0.key < $1.key }.map { ", LEAKAGE: \($0.value) items in both of \($0.key)" }.joined()
    return "on \(name) (captions \(captions), gallery \(hash.prefix(12)), \(count))\(shared)"
  }
}
