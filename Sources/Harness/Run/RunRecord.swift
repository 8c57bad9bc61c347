import Basics
import Datasets
import Foundation
import Ranking

/// One seed of one cell as it lies in the cache: small, immutable, enough to fill tables without any tensor.
struct RunRecord: Codable {
  var seed: Int
  var metrics: [String: Double]
  var ci95: [String: [Double]]
  var chance: [String: Double]
  var ceiling: [String: Double]
  var tiedQueries: Int
  /// Metrics under each tie policy; empty where ties change nothing.
  var policies: [String: [String: Double]]
  var queries: Int
  var gallery: Int
  /// Test items that have no relevant partner in the gallery and are therefore no queries.
  var queriesWithoutRelevant: Int
  var selectedEpoch: Int
  var wallSeconds: [String: Double]
  var peakMemoryBytes: Int
  /// Items of the dataset that could not be used.
  var skippedItems: Int
  /// Items that were encoded without some of their parts.
  var partialItems: Int?
  var host: CellResult.Host
  var git: CellResult.Git
  /// What the run chose or measured by the way (the share of sound in a gallery vector, of time spent waiting).
  var chosen: [String: Double]?
  /// Items that could not be decoded, `DATASET/ID`, and why.
  var skipped: [String: String]?
  var directions: [DirectionCounts]?
  /// Source → training items that it lists, and those that it can pair.
  var sources: [String: Completeness]?

  static let audioShare = "audioShare"
  static let waitingShare = "waitingShare"
  static let validationScore = "validationScore"

  /// A footnote on what the seeds chose; nil where the provenance block is enough.
  static func remark(_ key: String, _ values: [Double]) -> String? {
    let list = values.map { String(format: "%.2f", $0) }.joined(separator: ", ")
    switch key {
    case audioShare: return "share of sound in a gallery vector, chosen on validation, by seed: \(list)"
    default: return nil
    }
  }

  static func read(_ folder: String) -> RunRecord? {
    guard let data = FileManager.default.contents(atPath: folder + "/record.json") else { return nil }
    return try? JSONDecoder().decode(RunRecord.self, from: data)
  }

  /// Lets the seed be computed again.
  static func remove(from folder: String) { unlink(folder + "/record.json") }

  func write(_ folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try AtomicFile.write(try encoder.encode(self), to: folder + "/record.json")
  }
}
