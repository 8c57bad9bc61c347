import Basics
import Foundation

/// Names a loaded dataset by what is in it.
enum DatasetDigest {
  /// - Parameter sizes: path → bytes of the item's files; reading their content would take too long at each
  ///   load. Folders are left out of the digest, so that a dataset may be moved.
  static func of(
    _ items: [Split: [DatasetItem]], relevance: Dataset.Relevance, sizes: [String: Int], split: NamedSplit? = nil
  ) -> String {
    var text = "ieum-dataset 1\u{1e}\(relevance.rawValue)"
    if let split, !split.followsItems { text += "\u{1e}\(split.id) \(split.digest)" }
    for split in Split.allCases {
      for item in items[split] ?? [] { text += "\u{1e}\(split.rawValue)\u{1f}" + line(item, sizes) }
    }
    return Digest.of(text)
  }

  private static func line(_ item: DatasetItem, _ sizes: [String: Int]) -> String {
    let texts = item.captions.sorted { $0.key < $1.key }
      .map { "\($0.key)=\($0.value.joined(separator: "\u{1d}"))" }
    let files = item.files.map { path in
      path.split(separator: "/").suffix(2).joined(separator: "/") + ":\(sizes[path] ?? -1)"
    }
    let range = [item.start.map { "start=\($0)" }, item.end.map { "end=\($0)" }].compactMap { $0 }
    return ([item.id, item.label ?? ""] + texts + files + range + item.relatedIDs).joined(separator: "\u{1f}")
  }

  /// SHA-256 over the bytes of all pictures of all items, in item order. Reads them all.
  /// - Throws: ``IeumError`` (data) naming a picture that cannot be read.
  static func ofContent(_ dataset: Dataset) throws -> String {
    let items = dataset.allItems.sorted { $0.id < $1.id }
    return Digest.of(try items.flatMap(\.imagePaths).map { try Digest.ofFile($0) }.joined(separator: "\n"))
  }

  /// Bytes of a file; -1 when there is none.
  static func size(of path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : -1
  }

  static func sizes(of items: some Sequence<DatasetItem>) -> [String: Int] {
    var sizes: [String: Int] = [:]
    for path in items.flatMap(\.files) { sizes[path] = size(of: path) }
    return sizes
  }
}
