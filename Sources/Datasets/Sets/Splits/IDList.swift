import Basics
import Foundation

/// Lists of ids: their fixed order for hashing, and the files that hold them.
public enum IDList {
  /// SHA-256 of the ids in canonical order, one per line, LF after each. Ids that are one prefix and a number are
  /// ordered by number (`video9`, `video10`), all others by their bytes. Equal sets have equal hashes, whatever the
  /// order of their files.
  public static func hash(_ ids: some Collection<String>) -> String {
    Digest.of(canonical(ids).map { $0 + "\n" }.joined())
  }

  static func canonical(_ ids: some Collection<String>) -> [String] {
    let parts = ids.map(split)
    guard let prefix = parts.first?.prefix, parts.allSatisfy({ $0.prefix == prefix && $0.number != nil }) else {
      return ids.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    }
    return zip(ids, parts).sorted { ($0.1.number ?? 0, $0.0) < ($1.1.number ?? 0, $1.0) }.map(\.0)
  }

  /// A name and the decimal number at its end, if it fits an integer.
  private static func split(_ id: String) -> (prefix: Substring, number: Int?) {
    let digits = id.utf8.reversed().prefix { (0x30...0x39).contains($0) }.count
    let cut = id.utf8.index(id.endIndex, offsetBy: -digits)
    return (id[..<cut], Int(id[cut...]))
  }

  /// Reads one id a line, or the column `column` of a CSV file.
  /// - Throws: ``IeumError`` (data) naming file and line for an empty list, an id that comes twice, and text that is
  ///   not UTF-8.
  public static func read(_ path: String, column: String = "video_id") throws -> [String] {
    let entries = path.hasSuffix(".csv") ? try KeyedTable(path: path, key: column).keys() : try lines(path)
    guard !entries.isEmpty else {
      throw IeumError(.data, "lists no ids", file: path, remedy: "put the whole file there")
    }
    var seen: [String: Int] = [:]
    for (id, line) in entries {
      if let earlier = seen.updateValue(line, forKey: id) {
        throw IeumError(
          .data, "the id '\(id)' is listed twice (first on line \(earlier))", file: path, place: "line \(line)",
          remedy: "a split lists every item once: put the published file there, or mend it")
      }
    }
    return entries.map(\.id)
  }

  private static func lines(_ path: String) throws -> [(id: String, line: Int)] {
    try TextLines.read(path).compactMap { line, text in
      let id = KeyedTable.normal(text)
      return id.isEmpty ? nil : (id, line)
    }
  }
}
