import Basics
import Foundation
import GRDB

/// How long answers take from the words of a query to the items, one query after the other.
public struct SearchLatency: Sendable, Codable {
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

  public let queries: Int
  public let items: Int
  public let encode: Part
  public let search: Part
  public let total: Part

  /// Asks with captions of the index's own items, drawn at random.
  /// - Throws: ``IeumError`` (data) when the index has no captions.
  public static func measure(
    _ engine: SearchEngine, queries count: Int, k: Int, seed: UInt64 = 0
  ) throws -> SearchLatency {
    let captions = try engine.database.catalog.read { db in
      try String.fetchAll(db, sql: "SELECT DISTINCT caption FROM item WHERE removed = 0 ORDER BY caption")
    }.filter { $0.contains(where: \.isLetter) }
    guard !captions.isEmpty else {
      throw IeumError(.data, "has no captions to ask with", file: engine.database.folder)
    }
    var generator = SeededGenerator(seed: seed, purpose: "latency")
    let texts = (0..<count).map { _ in captions[Int(generator.next() % UInt64(captions.count))] }
    // The first answer opens files and warms caches.
    let items = try engine.answer(SearchQuery([(.text(texts[0]), 1)]), k: k).items
    var (encode, search): ([Double], [Double]) = ([], [])
    for text in texts {
      let answer = try engine.answer(SearchQuery([(.text(text), 1)]), k: k)
      encode.append(answer.encodeMilliseconds)
      search.append(answer.searchMilliseconds)
    }
    return SearchLatency(
      queries: count, items: items, encode: Part(encode), search: Part(search),
      total: Part(zip(encode, search).map { $0 + $1 }))
  }
}
