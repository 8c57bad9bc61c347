import Basics
import Foundation

/// A folder of its own for each test, removed at the end.
final class StoreScratch: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "ieum-store-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file, making its folders.
  @discardableResult
  func write(_ text: String, _ name: String) throws -> String {
    try write(Data(text.utf8), name)
  }

  @discardableResult
  func write(_ data: Data, _ name: String) throws -> String {
    try AtomicFile.write(data, to: file(name))
    return file(name)
  }

  func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: file(name))) }

  var names: [String] { ((try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// Runs `body` and gives the ``IeumError`` it throws, if any.
func refusal(_ body: () throws -> some Any) -> IeumError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error as? IeumError
  }
}
