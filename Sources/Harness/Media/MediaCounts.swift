import Basics
import Datasets
import Foundation

/// What was found by opening the films and sounds of a dataset (frames, sound or none), kept in the cache under the digest
/// of the data, so that they are opened once and not once per process.
struct MediaCounts {
  /// Item → count.
  let counts: [String: Int]
  /// Items that could not be read, and why. They are tried again by the next process.
  let errors: [String: String]

  /// - Parameters:
  ///   - what: names the count, and all it depends on besides the data.
  ///   - count: of an item; called for those that are not known yet, on several threads.
  init(
    _ dataset: Dataset, _ what: String, cache: Cache, count: @Sendable (DatasetItem) throws -> Int
  ) throws {
    let path = Self.path(dataset, what, cache)
    var counts = Self.read(path)
    let unknown = dataset.allItems.filter { counts[$0.id] == nil }
    let found = Parallel.map(unknown) { item in Result { try count(item) } }
    var errors: [String: String] = [:]
    for (item, result) in zip(unknown, found) {
      switch result {
      case .success(let count): counts[item.id] = count
      case .failure(let error): errors[item.id] = SkippedItems.reason(error)
      }
    }
    if errors.count < unknown.count {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      try AtomicFile.write(try encoder.encode(counts), to: path)
    }
    (self.counts, self.errors) = (counts, errors)
  }

  static func path(_ dataset: Dataset, _ what: String, _ cache: Cache) -> String {
    "\(cache.root)/counts/\(dataset.name)-\(Digest.of("counts 1 \(dataset.digest) \(what)").prefix(16)).json"
  }

  /// Empty where there is none, or it is damaged: it is counted again.
  private static func read(_ path: String) -> [String: Int] {
    let data = FileManager.default.contents(atPath: path)
    return data.flatMap { try? JSONDecoder().decode([String: Int].self, from: $0) } ?? [:]
  }
}
