import Basics
import Foundation
import GRDB
import Harness

/// How long answers take from the words, picture, clip or sound of a query to the items, one query after the other.
public struct SearchLatency: Sendable, Codable {
  public enum Kind: String, Sendable, Codable, CaseIterable {
    case text, picture, clip, sound
  }

  /// Milliseconds.
  public struct Part: Sendable, Codable {
    public let p50: Double
    public let p99: Double

    init(_ milliseconds: [Double]) {
      let sorted = milliseconds.sorted()
      p50 = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
      p99 = sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * 99 / 100)]
    }
  }

  /// Queries of one kind. Decoding a file is part of `encode`.
  public struct Timing: Sendable, Codable {
    public let kind: Kind
    public let queries: Int
    public let encode: Part
    public let search: Part
    public let total: Part
  }

  public let items: Int
  public let timings: [Timing]
  /// What was not asked with, and why.
  public let notes: [String]

  /// Queries of media take longer than those of words: no more than so many of each kind.
  public static let mostMedia = 100

  /// Asks with captions and media of the index's own items, drawn at random.
  /// - Parameter count: queries of each kind; ``mostMedia`` at most of pictures, clips and sounds.
  /// - Throws: ``IeumError`` (data) when there is nothing to ask with.
  public static func measure(
    _ engine: SearchEngine, queries count: Int, k: Int, seed: UInt64 = 0
  ) throws -> SearchLatency {
    var generator = SeededGenerator(seed: seed, purpose: "latency")
    var (timings, notes): ([Timing], [String]) = ([], [])
    for kind in Kind.allCases where kind != .sound || engine.encoder.hearsSound {
      let known = try parts(kind, engine.database)
      guard !known.isEmpty else {
        notes.append(kind == .text ? "no caption has letters: no text query is timed" : "no item is a \(kind.rawValue)")
        continue
      }
      let asked = kind == .text
        ? (0..<count).map { _ in known[Int(generator.next() % UInt64(known.count))] }
        : Array(known.shuffled(using: &generator).prefix(min(count, mostMedia)))
      let (timing, failures) = try time(kind, asked, engine, k: k)
      if let timing { timings.append(timing) }
      if let first = failures.first {
        notes.append("\(failures.count) \(kind.rawValue) query(s) failed; the first: \(first)")
      }
    }
    guard !timings.isEmpty else {
      throw IeumError(
        .data, "there is nothing to ask with: \(notes.joined(separator: "; "))", file: engine.database.folder,
        remedy: "add items whose files are there")
    }
    return SearchLatency(items: try engine.database.summary().items, timings: timings, notes: notes)
  }

  private static func time(
    _ kind: Kind, _ asked: [SearchQuery.Part], _ engine: SearchEngine, k: Int
  ) throws -> (Timing?, failures: [String]) {
    var (encode, search, failures): ([Double], [Double], [String]) = ([], [], [])
    // The first answer opens files and warms caches.
    for (number, part) in (asked.prefix(1) + asked).enumerated() {
      do {
        let answer = try engine.answer(SearchQuery([(part, 1)]), k: k)
        guard number > 0 else { continue }
        encode.append(answer.encodeMilliseconds)
        search.append(answer.searchMilliseconds)
      } catch let error as IeumError where error.kind != .system {
        if number > 0 { failures.append("\(error)") }
      }
    }
    guard !encode.isEmpty else { return (nil, failures) }
    let total = zip(encode, search).map { $0 + $1 }
    return (
      Timing(kind: kind, queries: encode.count, encode: Part(encode), search: Part(search), total: Part(total)), failures
    )
  }

  /// What the items of an index can be asked with.
  private static func parts(_ kind: Kind, _ database: SearchDatabase) throws -> [SearchQuery.Part] {
    let media: String
    switch kind {
    case .text:
      return try database.catalog.read { db in
        try String.fetchAll(db, sql: "SELECT DISTINCT caption FROM item WHERE removed = 0 ORDER BY caption")
      }.filter { $0.contains(where: \.isLetter) }.map { .text($0) }
    case .picture: media = "film IS NULL AND seconds IS NULL"
    case .clip: media = "film IS NOT NULL"
    case .sound: media = "film IS NULL AND seconds IS NOT NULL"
    }
    return try database.catalog.read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT DISTINCT path, start, finish FROM item WHERE removed = 0 AND path IS NOT NULL AND \(media)
          ORDER BY path, start
          """
      ).map { row in
        let (path, start, end): (String, Double?, Double?) = (row["path"], row["start"], row["finish"])
        switch kind {
        case .clip: return .media(.film(path, start: start, end: end), name: path)
        case .sound: return .media(.sound(path, start: start, end: end), name: path)
        case .text, .picture: return .media(.pictures([path]), name: path)
        }
      }
    }
  }
}
