import Basics
import Foundation

/// What is in the media files of a dataset, so that a picture put in another's place is noticed.
///
/// A fingerprint is the SHA-256 of a file of up to 192 KiB, and of the first, middle and last 64 KiB of a larger one: a set of
/// films is not read whole each time it is named. The cache remembers fingerprints by size, modification time and inode.
enum MediaFingerprints {
  private static let piece = 64 << 10

  private struct Entry {
    let state: String
    let fingerprint: String
  }

  /// Path → fingerprint; files that cannot be read have none.
  /// - Parameter name: of the dataset, under which the cache remembers.
  static func of(_ paths: [String], of name: String) -> [String: String] {
    let paths = Array(Set(paths)).sorted()
    guard let first = paths.first else { return [:] }
    let memo = "\(CacheRoot.path())/digests/media-\(Digest.of("\(name)\n\(first)").prefix(24)).tsv"
    let known = read(memo)
    let found = Parallel.map(paths) { path -> Entry? in
      guard let state = state(of: path) else { return nil }
      if let entry = known[path], entry.state == state { return entry }
      return fingerprint(of: path).map { Entry(state: state, fingerprint: $0) }
    }
    let entries = zip(paths, found).compactMap { path, entry in entry.map { (path, $0) } }
    if entries.contains(where: { known[$0.0]?.state != $0.1.state }) { write(entries, to: memo) }
    return Dictionary(entries.map { ($0.0, $0.1.fingerprint) }, uniquingKeysWith: { first, _ in first })
  }

  private static func state(of path: String) -> String? {
    var file = stat()
    guard stat(path, &file) == 0 else { return nil }
    return "\(file.st_size) \(file.st_mtim.tv_sec).\(file.st_mtim.tv_nsec) \(file.st_ino)"
  }

  private static func fingerprint(of path: String) -> String? {
    guard let file = FileHandle(forReadingAtPath: path), let size = try? file.seekToEnd() else { return nil }
    defer { try? file.close() }
    let whole = UInt64(3 * piece)
    let starts = size <= whole ? [0] : [0, (size - UInt64(piece)) / 2, size - UInt64(piece)]
    let length = size <= whole ? Int(size) : piece
    var bytes = Data()
    for start in starts {
      guard (try? file.seek(toOffset: start)) != nil, let part = try? file.read(upToCount: length) ?? Data(),
        part.count == length
      else { return nil }
      bytes += part
    }
    return String(Digest.of(bytes).prefix(32))
  }

  private static func read(_ memo: String) -> [String: Entry] {
    guard let text = try? String(contentsOfFile: memo, encoding: .utf8) else { return [:] }
    var known: [String: Entry] = [:]
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: "\t").map(String.init)
      if fields.count == 3 { known[fields[2]] = Entry(state: fields[0], fingerprint: fields[1]) }
    }
    return known
  }

  /// A cache that cannot be written costs time alone.
  private static func write(_ entries: [(String, Entry)], to memo: String) {
    let lines = entries.filter { !$0.0.contains("\n") && !$0.0.contains("\t") }
      .map { "\($0.1.state)\t\($0.1.fingerprint)\t\($0.0)\n" }
    try? AtomicFile.write(lines.joined(), to: memo)
  }
}
