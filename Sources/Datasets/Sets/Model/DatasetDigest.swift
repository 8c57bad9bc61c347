import Basics
import Foundation

/// A file that ieum makes itself.
public struct MadeFile: Sendable {
  public let recipe: Int
  public let sources: [String]
}

/// Names a loaded dataset by what is in it.
enum DatasetDigest {
  /// - Parameters:
  ///   - contents: path → what names the content of the item's files. Folders are left out of the digest, so that a
  ///     dataset may be moved.
  static func of(
    _ items: [Split: [DatasetItem]], relevance: Dataset.Relevance, contents: [String: String], split: NamedSplit? = nil
  ) -> String {
    var text = "ieum-dataset 2\u{1e}\(relevance.rawValue)"
    if let split, !split.followsItems { text += "\u{1e}\(split.id) \(split.digest)" }
    for split in Split.allCases {
      for item in items[split] ?? [] { text += "\u{1e}\(split.rawValue)\u{1f}" + line(item, contents) }
    }
    return Digest.of(text)
  }

  private static func line(_ item: DatasetItem, _ contents: [String: String]) -> String {
    let texts = item.captions.sorted { $0.key < $1.key }
      .map { "\($0.key)=\($0.value.joined(separator: "\u{1d}"))" }
    let files = item.files.map { path in
      path.split(separator: "/").suffix(2).joined(separator: "/") + ":\(contents[path] ?? "absent")"
    }
    let range = [
      item.start.map { "start=\($0)" }, item.end.map { "end=\($0)" }, item.sourceVideo.map { "video=\($0)" },
    ].compactMap { $0 }
    return ([item.id, item.label ?? ""] + texts + files + range + item.relatedIDs).joined(separator: "\u{1f}")
  }

  /// What names the content of each file: its fingerprint, or those of the files that it is made from.
  /// - Parameters:
  ///   - name: of the dataset.
  ///   - made: path → what a file was made from; its own bytes depend on the libraries that made it.
  static func contents(of items: some Sequence<DatasetItem>, name: String, made: [String: MadeFile]) -> [String: String] {
    let files = Set(items.flatMap(\.files))
    let known = MediaFingerprints.of(files.flatMap { made[$0]?.sources ?? [$0] }, of: name)
    var contents: [String: String] = [:]
    for file in files {
      let parts = (made[file]?.sources ?? [file]).compactMap { known[$0] }
      guard !parts.isEmpty else { continue }
      contents[file] = ((made[file].map { ["recipe \($0.recipe)"] } ?? []) + parts).joined(separator: "+")
    }
    return contents
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
