import Foundation

/// What the ranks of a result cell were measured on. Equal query ids do not make equal queries: the same ids may stand
/// over other captions, labels or another gallery. A part that the record lacks is nil and fits anything.
struct MeasuredData: Sendable, Equatable {
  /// SHA-256 of the dataset.
  let dataset: String?
  /// SHA-256 of the evaluated split's ids.
  let split: String?
  /// Of the captions; one dataset may have them in several.
  let language: String?

  init(_ result: CellResult) {
    (dataset, split) = (result.digests.dataset, result.digests.split)
    language = result.config.isEmpty ? nil : result.config["dataset.language"] ?? "en"
  }

  /// What a file of ranks was measured on, from the result beside it; nil where there is none.
  init?(beside ranks: String) {
    let folder = (ranks as NSString).deletingLastPathComponent
    guard let result = try? CellResult.read((folder.isEmpty ? "." : folder) + "/result.json") else { return nil }
    self.init(result)
  }

  /// The first part in which the two differ, with both values; nil where they fit.
  func difference(from other: MeasuredData) -> (part: String, mine: String, theirs: String)? {
    let parts = [("dataset", dataset, other.dataset), ("split", split, other.split), ("language", language, other.language)]
    for case (let part, let mine?, let theirs?) in parts where mine != theirs {
      return (part, String(mine.prefix(12)), String(theirs.prefix(12)))
    }
    return nil
  }
}
