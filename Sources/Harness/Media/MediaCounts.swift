import Basics
import Datasets
import Foundation

/// What was found by opening the films and sounds of a dataset (frames, sound or none), kept in the cache under the digest
/// of the data, so that they are opened once and not once per process.
public struct MediaCounts {
  /// Item → count.
  public let counts: [String: Int]
  /// Items that could not be read, and why. They are tried again by the next process.
  public let errors: [String: String]

  /// Files opened between two writes: what an interruption loses.
  private static let piece = 1_000

  /// - Parameters:
  ///   - what: names the count, and all it depends on besides the data.
  ///   - count: of an item; called for those that are not known yet, on several threads.
  public init(
    _ dataset: Dataset, _ what: String, cache: Cache, progress: Progress,
    count: @Sendable (DatasetItem) throws -> Int
  ) throws {
    let path = Self.path(dataset, what, cache)
    var counts = Self.read(path)
    let unknown = dataset.allItems.filter { counts[$0.id] == nil }
    var errors: [String: String] = [:]
    if !unknown.isEmpty { progress.start("\(dataset.name) → \(what)", total: unknown.count) }
    for start in stride(from: 0, to: unknown.count, by: Self.piece) {
      let piece = Array(unknown[start..<min(start + Self.piece, unknown.count)])
      let known = counts.count
      for (item, result) in zip(piece, Parallel.map(piece) { item in Result { try count(item) } }) {
        switch result {
        case .success(let count): counts[item.id] = count
        case .failure(let error): errors[item.id] = SkippedItems.reason(error)
        }
      }
      if counts.count > known { try Self.write(counts, to: path) }
      progress.moved(to: start + piece.count)
    }
    if !unknown.isEmpty { progress.finish() }
    (self.counts, self.errors) = (counts, errors)
  }

  static func path(_ dataset: Dataset, _ what: String, _ cache: Cache) -> String {
    "\(cache.root)/counts/\(dataset.name)-\(Digest.of("counts 1 \(dataset.digest) \(what)").prefix(16)).json"
  }

  private static func write(_ counts: [String: Int], to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    try AtomicFile.write(try encoder.encode(counts), to: path)
  }

  /// Empty where there is none, or it is damaged: it is counted again.
  private static func read(_ path: String) -> [String: Int] {
    let data = FileManager.default.contents(atPath: path)
    return data.flatMap { try? JSONDecoder().decode([String: Int].self, from: $0) } ?? [:]
  }
}
