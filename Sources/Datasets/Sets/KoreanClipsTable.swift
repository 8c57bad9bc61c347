import Basics
import Foundation

/// `clips.csv` of ``KoreanClipsDataset``.
struct KoreanClipsTable {
  struct Clip {
    let id: String
    let film: String
    /// Seconds from the film's beginning.
    let start: Double
    let end: Double
    let sentence: String
  }

  let clips: [Clip]
  /// Every row, usable or not.
  let rows: [(id: String, film: String)]
  /// Rows that cannot be used, with the reason and line.
  let skipped: [SkippedItem]

  /// - Throws: ``IeumError`` (data): a column that is missing, an id that is empty or comes twice, text that is not UTF-8.
  static func read(_ path: String) throws -> KoreanClipsTable {
    let table = try CSVTable.read(path)
    let columns = try ["id", "film", "start", "end", "sentence"].map { try table.column($0) }
    var clips: [Clip] = []
    var skipped: [SkippedItem] = []
    var lines: [String: Int] = [:]
    var rows: [(id: String, film: String)] = []
    for row in table.rows {
      let fields = columns.map { KeyedTable.normal(row.fields[$0]) }
      guard !fields[0].isEmpty else { throw table.error("the id is empty", row) }
      if let earlier = lines.updateValue(row.line, forKey: fields[0]) {
        throw table.error("the id '\(fields[0])' stands on line \(earlier) already", row)
      }
      rows.append((fields[0], fields[1]))
      switch clip(fields) {
      case .success(let clip): clips.append(clip)
      case .failure(let reason): skipped.append(SkippedItem(id: fields[0], reason: "line \(row.line): \(reason.text)"))
      }
    }
    return KoreanClipsTable(clips: clips, rows: rows, skipped: skipped)
  }

  private struct Reason: Error {
    let text: String
  }

  private static func clip(_ fields: [String]) -> Result<Clip, Reason> {
    if fields[1].isEmpty { return .failure(Reason(text: "no film")) }
    if fields[4].isEmpty { return .failure(Reason(text: "no sentence")) }
    guard let start = seconds(fields[2]), let end = seconds(fields[3]) else {
      return .failure(Reason(text: "'\(fields[2])' to '\(fields[3])' are not times"))
    }
    guard start < end else { return .failure(Reason(text: "the clip ends at \(fields[3]), before it has begun")) }
    return .success(Clip(id: fields[0], film: fields[1], start: start, end: end, sentence: fields[4]))
  }

  /// `83.5`, `1:23.5` or `0:01:23.5`.
  static func seconds(_ text: String) -> Double? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
    guard (1...3).contains(parts.count), parts.allSatisfy({ $0.map { $0 >= 0 && $0.isFinite } == true }) else { return nil }
    return parts.reduce(0) { $0 * 60 + ($1 ?? 0) }
  }
}
