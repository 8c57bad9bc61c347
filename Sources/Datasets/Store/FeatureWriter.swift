import Basics
import Foundation
import HDF5

/// Builds a feature file so that killing the process at any moment loses at most the rows since the last
/// flush.
///
/// Rows go, a batch at a time, into shards `<path>.parts/000001.h5`, each written under another name and
/// renamed when it is whole. ``finish(order:)`` puts them together, renames the result to `path` and removes
/// the shards. A new writer with the same attributes goes on from the shards it finds; shards of other
/// attributes are removed. The finished file's bytes do not depend on how often the work was interrupted. A
/// second process that builds the same file waits for the first.
public final class FeatureWriter {
  public let path: String
  public let attributes: FeatureAttributes
  /// Ids that need no work any more: encoded, or recorded as impossible.
  public private(set) var finishedIDs: Set<String> = []
  /// Number of items recorded as impossible so far.
  public private(set) var failureCount = 0
  private let half: Bool
  private let rowsPerShard: Int
  private let lock: FileLock
  private var shards: [String] = []
  private var pending: FeatureRows
  private var isDone = false

  private var folder: String { path + ".parts" }

  /// - Parameters:
  ///   - sequences: whether items have sequences of vectors (frames, words) and not one vector each.
  ///   - half: store float16; values beyond its range count as failures.
  ///   - rowsPerShard: vectors after which a shard is written without being asked for.
  /// - Throws: ``IeumError`` (system) when the folder cannot be made or written.
  public init(
    _ path: String, attributes: FeatureAttributes, sequences: Bool = false, half: Bool = false,
    rowsPerShard: Int = 4096
  ) throws {
    guard attributes.dimension > 0 else {
      throw IeumError(.system, "a feature file needs a positive dimension", file: path)
    }
    self.path = path
    self.attributes = attributes
    self.half = half
    self.rowsPerShard = rowsPerShard
    pending = FeatureRows(sequences: sequences)
    let parts = URL(fileURLWithPath: path + ".parts")
    do {
      try FileManager.default.createDirectory(
        at: parts.deletingLastPathComponent(), withIntermediateDirectories: true)
      lock = try FileLock(path + ".lock")
      try FileManager.default.createDirectory(at: parts, withIntermediateDirectories: true)
    } catch let error as IeumError {
      throw error
    } catch {
      throw IeumError(
        .system, "cannot be created (\(error.localizedDescription))", file: parts.path,
        remedy: "check the folder's permissions and the disk")
    }
    try resume()
  }

  deinit { try? flush() }

  /// Takes over what an interrupted writer left: whole shards with our attributes; the rest is removed.
  private func resume() throws {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    for name in names {
      let shard = "\(folder)/\(name)"
      if !name.hasPrefix("."), let rows = usable(shard), finishedIDs.isDisjoint(with: rows.ids) {
        shards.append(shard)
        finishedIDs.formUnion(rows.ids + rows.failures.map(\.id))
        failureCount += rows.failures.count
      } else {
        try? FileManager.default.removeItem(atPath: shard)
      }
    }
  }

  private func usable(_ shard: String) -> FeatureRows? {
    guard let file = try? HDF5File(reading: shard), let read = try? FeatureFile(file),
      read.attributes == attributes
    else { return nil }
    let rows = FeatureRows(read)
    return rows.sequences == pending.sequences ? rows : nil
  }

  /// Adds one vector per id. A vector with NaN or infinite values is recorded as that item's failure.
  /// - Parameter features: `[ids.count, D]` row-major.
  /// - Throws: ``IeumError`` (system) for a wrong number of values or an id that is there already, and when a
  ///   full shard cannot be written.
  public func append(_ ids: [String], features: [Float]) throws {
    guard features.count == ids.count * attributes.dimension else {
      throw IeumError(
        .system, "\(features.count) values are not \(ids.count) rows of \(attributes.dimension)", file: path)
    }
    for (row, id) in ids.enumerated() {
      let start = row * attributes.dimension
      try add(id, features[start..<start + attributes.dimension])
    }
  }

  /// Adds an item's sequence of vectors, `[F, D]` row-major; an empty one is recorded as a failure.
  /// - Throws: as ``append(_:features:)``.
  public func append(_ id: String, frames: [Float]) throws {
    guard pending.sequences, frames.count % attributes.dimension == 0 else {
      throw IeumError(
        .system, "\(frames.count) values are not frames of \(attributes.dimension)", file: path, place: id)
    }
    try add(id, frames[...])
  }

  private func add(_ id: String, _ values: ArraySlice<Float>) throws {
    guard !values.isEmpty else { return try fail(id, "gives no frames") }
    if let bad = values.firstIndex(where: { !$0.isFinite || (half && abs($0) > 65504) }) {
      let component = (bad - values.startIndex) % attributes.dimension
      return try fail(id, "the encoder gave \(values[bad]) (component \(component))")
    }
    try claim(id)
    pending.ids.append(id)
    pending.values += values
    pending.counts.append(values.count / attributes.dimension)
    if pending.values.count >= rowsPerShard * attributes.dimension { try flush() }
  }

  /// Records that an item cannot be encoded.
  public func fail(_ id: String, _ message: String) throws {
    try claim(id)
    pending.failures.append(EncodingFailure(id: id, message: message.replacing("\0", with: "")))
    failureCount += 1
  }

  /// Records that an item is about to be appended without some of its parts.
  public func remark(_ id: String, _ message: String) {
    pending.remarks.append(EncodingFailure(id: id, message: message.replacing("\0", with: "")))
  }

  private func claim(_ id: String) throws {
    guard finishedIDs.insert(id).inserted else {
      throw IeumError(
        .data, "the id '\(id)' comes twice", file: path, remedy: "give every item an id of its own")
    }
  }

  /// Writes the rows since the last flush as a shard; afterwards no kill can lose them.
  /// - Throws: ``IeumError`` (system) with the reason (full disk).
  public func flush() throws {
    guard !pending.isEmpty, !isDone else { return }
    let last =
      shards.last.flatMap { Int(URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent) } ?? 0
    let digits = String(last + 1)
    let shard = "\(folder)/\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits).h5"
    try write(pending, to: shard, complete: false)
    shards.append(shard)
    pending = FeatureRows(sequences: pending.sequences)
  }

  private func write(_ rows: FeatureRows, to target: String, complete: Bool) throws {
    let temporary = try AtomicFile.temporaryPath(for: target)
    do {
      let file = try HDF5File(creating: temporary)
      try rows.write(to: file, attributes: attributes, half: half, complete: complete)
      try file.close()
      try AtomicFile.commit(temporary, to: target)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Puts the shards together under the final name and removes them.
  /// - Parameter order: the ids in the order in which the rows shall stand.
  /// - Throws: ``IeumError`` (system) when the file cannot be written; the shards stay then.
  @discardableResult
  public func finish(order: [String]) throws -> FeatureFile {
    try flush()
    var rows = FeatureRows(sequences: pending.sequences)
    for shard in shards { rows.append(FeatureRows(try FeatureFile(HDF5File(reading: shard)))) }
    try write(rows.sorted(by: order, dimension: attributes.dimension), to: path, complete: true)
    isDone = true
    try? FileManager.default.removeItem(atPath: folder)
    lock.release()
    return try FeatureFile.read(path)
  }

  /// Removes the shards of files that are whole: a writer killed at its very end leaves them.
  public static func removeSpentShards(in folder: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where name.hasSuffix(".h5.parts") {
      let shards = "\(folder)/\(name)"
      guard FileManager.default.fileExists(atPath: String(shards.dropLast(".parts".count))) else { continue }
      try? FileManager.default.removeItem(atPath: shards)
    }
  }

  /// Throws the unfinished work away.
  public func discard() {
    isDone = true
    try? FileManager.default.removeItem(atPath: folder)
    lock.release()
  }
}
