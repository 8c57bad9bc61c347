import Basics
import Foundation
import HDF5
import Ranking

/// What an index on disk is; `index.json` in its folder.
public struct IndexCard: Codable, Sendable {
  static let format = "ieum-index"
  static let version = 1

  public var format = IndexCard.format
  public var formatVersion = IndexCard.version
  /// Registered name of the index.
  public let index: String
  public let metric: IndexMetric
  public let dimension: Int
  public let count: Int
  /// Build parameters, and search parameters to use unless others are given.
  public let parameters: [String: String]
  public let search: [String: String]
  /// The index's file in the folder, and its size.
  public let file: String
  public let bytes: Int
  /// The file that the vectors came from.
  public let source: String
  public let encoderDigest: String
  public let buildSeconds: Double
}

/// A built index with the ids of its rows, in a folder: `index.json`, the index's own file, `ids.h5`.
public struct IndexFolder: Sendable {
  public let card: IndexCard
  public let index: any VectorIndex
  /// `nil`: rows have no names.
  public let ids: [String]?
  private let spec: IndexSpec

  /// Builds an index over a file's rows and writes its folder.
  public static func build(
    _ input: IndexInput, index name: String, metric: IndexMetric, parameters: [String: Scalar],
    to folder: String
  ) throws -> IndexFolder {
    let spec = try IndexRegistry.named(name)
    let (build, search) = try spec.divided(parameters)
    _ = try spec.search(search)
    let start = ContinuousClock.now
    let index = try spec.build(input.vectors, metric: metric, parameters: build)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let file = "index." + spec.fileExtension
    let card = IndexCard(
      index: name, metric: metric, dimension: index.dimension, count: index.count,
      parameters: build.mapValues(\.description), search: search.mapValues(\.description), file: file,
      bytes: index.bytes, source: URL(fileURLWithPath: input.path).path, encoderDigest: input.encoderDigest,
      buildSeconds: seconds)
    try index.write(to: "\(folder)/\(file)")
    if let ids = input.ids { try writeIDs(ids, to: folder + "/ids.h5") } else { unlink(folder + "/ids.h5") }
    // Last, so that a folder with a card is whole.
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(card), to: folder + "/index.json")
    return IndexFolder(card: card, index: index, ids: input.ids, spec: spec)
  }

  private static func writeIDs(_ ids: [String], to path: String) throws {
    let temporary = try AtomicFile.temporaryPath(for: path)
    let file = try HDF5File(creating: temporary)
    try file.write("ids", strings: ids)
    try file.close()
    try AtomicFile.commit(temporary, to: path)
  }

  /// - Throws: ``IeumError`` (data) for a folder without an index, or one whose files do not belong together.
  public static func open(_ folder: String) throws -> IndexFolder {
    let path = folder + "/index.json"
    guard let data = FileManager.default.contents(atPath: path) else {
      throw IeumError(.data, "there is no index", file: path, remedy: "make one with `ieum index build`")
    }
    guard let card = try? JSONDecoder().decode(IndexCard.self, from: data), card.format == IndexCard.format,
      card.formatVersion == IndexCard.version, !card.file.contains("/")
    else {
      throw IeumError(
        .data, "is not the card of an index of this version", file: path, remedy: "build it again")
    }
    let spec = try IndexRegistry.named(card.index)
    let file = "\(folder)/\(card.file)"
    let size = (try? FileManager.default.attributesOfItem(atPath: file))?[.size] as? Int
    guard size == card.bytes else {
      throw IeumError(
        .data, "has \(size.map { "\($0)" } ?? "no") bytes where its card says \(card.bytes)", file: file,
        remedy: "build the index again")
    }
    let index = try spec.load(
      file, shape: IndexShape(metric: card.metric, dimension: card.dimension, count: card.count),
      parameters: card.parameters.mapValues { Scalar(parsing: $0) })
    var ids: [String]?
    if FileManager.default.fileExists(atPath: folder + "/ids.h5") {
      let read = try HDF5File(reading: folder + "/ids.h5").readStrings("ids")
      guard read.count == card.count else {
        throw IeumError(
          .data, "has \(read.count) ids for \(card.count) rows", file: folder + "/ids.h5",
          remedy: "build it again")
      }
      ids = read
    }
    return IndexFolder(card: card, index: index, ids: ids, spec: spec)
  }

  /// An Annoy file without a folder around it.
  public static func annoyFile(
    _ path: String, metric: IndexMetric, dimension: Int, parameters: [String: Scalar]
  ) throws
    -> IndexFolder
  {
    let spec = try IndexRegistry.named("forest")
    let (build, _) = try spec.divided(parameters)
    let index = try spec.load(
      path, shape: IndexShape(metric: metric, dimension: dimension), parameters: build)
    let card = IndexCard(
      index: "forest", metric: metric, dimension: dimension, count: index.count,
      parameters: build.mapValues(\.description), search: [:], file: (path as NSString).lastPathComponent,
      bytes: index.bytes, source: "", encoderDigest: "", buildSeconds: 0)
    return IndexFolder(card: card, index: index, ids: nil, spec: spec)
  }

  /// `forest n_trees=10`
  var label: String {
    ([card.index] + card.parameters.merging(card.search) { $1 }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
      .joined(separator: " ")
  }

  /// Search parameters: the card's, with others laid over them.
  public func search(_ given: [String: Scalar]) throws -> Parameters {
    try spec.search(card.search.mapValues { Scalar(parsing: $0) }.merging(given) { $1 })
  }
}

extension IndexSpec {
  /// Parameters sorted into those of building and those of searching.
  /// - Throws: ``IeumError`` (usage) for a name that is neither.
  func divided(_ parameters: [String: Scalar]) throws -> (build: [String: Scalar], search: [String: Scalar]) {
    let searchNames = Set(searchParameters.map(\.name))
    let known = buildParameters.map(\.name) + searchParameters.map(\.name)
    for name in parameters.keys.sorted() where !known.contains(name) {
      throw known.isEmpty
        ? IeumError(
          .usage, "the index '\(self.name)' has no parameter '\(name)'", remedy: "it has none at all")
        : Suggestion.unknown("parameter", name, known: known, place: "index '\(self.name)'")
    }
    return (
      parameters.filter { !searchNames.contains($0.key) }, parameters.filter { searchNames.contains($0.key) }
    )
  }
}
