import Basics
import Foundation
import Weights

/// Whether a known weight file is in its place.
public struct WeightStatus: Encodable, Sendable {
  public let name: String
  public let encoder: String
  public let source: String
  public let path: String
  public let howToGet: String
  public let digest: String
  /// `present`, `missing`, or after ``checked()`` `verified` or `damaged`.
  public private(set) var state: String

  public init(_ entry: WeightEntry, cache: Cache) {
    name = entry.name
    encoder = entry.encoder
    source = entry.source
    howToGet = entry.howToGet
    digest = entry.digest
    path = "\(cache.weights)/\(entry.file)"
    state = FileManager.default.fileExists(atPath: path) ? "present" : "missing"
  }

  /// With the file's digest compared to the published one, where that is known.
  public func checked() throws -> WeightStatus {
    guard state != "missing", !digest.isEmpty else { return self }
    var result = self
    result.state = try Digest.ofFile(path) == digest ? "verified" : "damaged"
    return result
  }

  /// Copies a file to its place after its format was recognised and, where known, its digest checked.
  /// - Returns: the place.
  public func importing(_ file: String) throws -> String {
    if encoder == "word2vec" { _ = try WordVectors.read(file) } else { _ = try WeightFile.read(file) }
    guard digest.isEmpty || (try Digest.ofFile(file)) == digest else {
      throw IeumError(.data, "is not the published file: its SHA-256 differs from \(digest)", file: file, remedy: howToGet)
    }
    try AtomicFile.write(try Data(contentsOf: URL(fileURLWithPath: file)), to: path)
    return path
  }

  public var text: String {
    let missing = state == "missing" ? "\n    get it: \(howToGet)" : ""
    return "\(name) (\(encoder)): \(state)\n    from: \(source)\n    at:   \(path)\(missing)"
  }
}
