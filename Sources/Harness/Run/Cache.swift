import Basics
import Datasets
import Foundation

/// Where derived files live, each named by a digest of all that went into it.
public struct Cache: Sendable {
  public let root: String

  /// `$IEUM_CACHE`, or `~/.cache/ieum`.
  public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    root = CacheRoot.path(environment: environment)
  }

  public var weights: String { root + "/weights" }

  /// The feature file of one dataset through one encoder.
  public func features(dataset: String, encoder: String, digest: String) -> String {
    "\(root)/features/\(dataset)-\(encoder)-\(digest.prefix(16)).h5"
  }

  /// The folder of one training run (one cell, one seed).
  public func run(digest: String) -> String { "\(root)/runs/\(digest.prefix(24))" }

  /// Waits for the right to make the file or folder `path`; whoever comes later finds it made.
  /// - Throws: ``IeumError`` (system) when the cache cannot be written.
  func turn(_ path: String) throws -> FileLock {
    try makeFolder(of: path)
    return try FileLock(path + ".turn")
  }

  /// What lies at `path`, made first where it is missing. Of several processes that want it one makes it; the others
  /// wait, and read it.
  func once<Value>(_ path: String, read: () throws -> Value, make: () throws -> Value) throws -> Value {
    if FileManager.default.fileExists(atPath: path) { return try read() }
    let turn = try turn(path)
    defer { turn.release() }
    return try FileManager.default.fileExists(atPath: path) ? read() : make()
  }

  /// The feature file at `path`, as ``once(_:read:make:)``.
  func features(at path: String, make: () throws -> FeatureFile) throws -> FeatureFile {
    try once(path, read: { try FeatureFile.read(path) }, make: make)
  }

  /// Clears away what killed processes left half-written, here and among the results.
  func tidy(_ results: String) {
    let own = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).filter { $0 != "weights" }
    for folder in own.map({ "\(root)/\($0)" }) + [results] { AbandonedFiles.remove(under: folder) }
    FeatureWriter.removeSpentShards(in: root + "/features")
  }

  /// As ``turn(_:)`` without waiting: nil while another process is at it.
  func turnIfFree(_ path: String) throws -> FileLock? {
    try makeFolder(of: path)
    return try FileLock.attempt(path + ".turn")
  }

  /// Whether some process has the turn; changes nothing.
  func isHeld(_ path: String) -> Bool { FileLock.isHeld(path + ".turn") }

  private func makeFolder(of path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw IeumError(
        .system, "cannot be made (\(error.localizedDescription))", file: folder.path,
        remedy: "check the permissions of the cache and the disk, or name another cache in IEUM_CACHE")
    }
  }

  /// SHA-256 of a file, remembered by its size, modification time and inode so that large weights are hashed once.
  public func digest(ofFile path: String) throws -> String {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    guard let size = attributes?[.size] as? Int, let date = attributes?[.modificationDate] as? Date else {
      throw IeumError(.data, "no such file", file: path, remedy: "put it there or correct the path")
    }
    let inode = attributes?[.systemFileNumber] as? Int ?? 0
    let key = Digest.of("\(path)\u{0}\(size)\u{0}\(date.timeIntervalSince1970)\u{0}\(inode)")
    let memo = "\(root)/digests/\(key.prefix(24))"
    if let known = try? String(contentsOfFile: memo, encoding: .utf8), known.count == 64 { return known }
    let digest = try Digest.ofFile(path)
    try? AtomicFile.write(digest, to: memo)
    return digest
  }
}
