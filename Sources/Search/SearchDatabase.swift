import Basics
import Foundation
import GRDB
import Harness
import Ranking

/// A folder that can be searched: `items.sqlite`, `vectors-G.f32`, `index-G.…`, `model.json`, `model.safetensors`,
/// `thumbnails/`. G counts rebuilds; the catalogue says which is current, so a rebuild takes effect in one step.
///
/// Any number of processes may search while one writes.
public final class SearchDatabase: Sendable {
  public let folder: String
  let catalog: SearchCatalog
  private let keptVectors = Kept<SearchCatalog.State, SearchVectors>()
  private let keptContents = Kept<SearchCatalog.State, SearchContents>()
  private let identity: FileIdentity?
  /// Whose vectors are in it, and how long they are; neither ever changes.
  public let encoderDigest: String
  public let dimension: Int

  public static let defaultIndex = "forest"

  /// Makes an empty database for the vectors of a model, which is copied into it.
  /// - Throws: ``IeumError`` (usage) when there is one already, or for an index that does not know cosines.
  public static func create(
    _ folder: String, model: SearchModel, dimension: Int, index: String = defaultIndex,
    parameters: [String: Scalar] = [:]
  ) throws -> SearchDatabase {
    let database = try create(
      folder, encoderDigest: model.card.digest, dimension: dimension, index: index, parameters: parameters)
    try model.write(to: folder)
    return database
  }

  /// Makes an empty database for vectors of an encoder that the caller keeps.
  public static func create(
    _ folder: String, encoderDigest: String, dimension: Int, index: String = defaultIndex,
    parameters: [String: Scalar] = [:]
  ) throws -> SearchDatabase {
    let path = "\(folder)/items.sqlite"
    guard !FileManager.default.fileExists(atPath: path) else {
      throw IeumError(
        .usage, "is a search index already", file: folder, remedy: "add to it, or name another folder")
    }
    let spec = try IndexRegistry.named(index)
    guard spec.metrics.contains(.angular) else {
      throw IeumError(.usage, "the index '\(index)' does not know cosines", place: "--index")
    }
    _ = try Parameters(
      parameters, specs: spec.buildParameters + spec.searchParameters, owner: "index '\(index)'")
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw IeumError(.system, "cannot be made (\(error.localizedDescription))", file: folder)
    }
    let catalog = try SearchCatalog(path, creating: true)
    var state = SearchCatalog.State()
    (state.dimension, state.index, state.encoderDigest) = (dimension, index, encoderDigest)
    state.parameters = parameters.mapValues(\.description)
    try catalog.write { [state] in try SearchCatalog.store(state, $0) }
    return try SearchDatabase(folder, catalog, FileIdentity(path))
  }

  /// - Throws: ``IeumError`` (data) for a folder without a database, or a damaged one.
  public static func open(_ folder: String) throws -> SearchDatabase {
    let path = "\(folder)/items.sqlite"
    // Looked at first: one that is replaced meanwhile is then known to be another.
    let identity = FileIdentity(path)
    return try SearchDatabase(folder, SearchCatalog(path, creating: false), identity)
  }

  private init(_ folder: String, _ catalog: SearchCatalog, _ identity: FileIdentity?) throws {
    self.folder = folder
    self.catalog = catalog
    self.identity = identity
    let state = try catalog.read(SearchCatalog.state)
    (encoderDigest, dimension) = (state.encoderDigest, state.dimension)
  }

  /// Whether another database has taken this one's place since it was opened.
  public var isReplaced: Bool {
    FileIdentity("\(folder)/items.sqlite").map { $0 != identity } ?? false
  }

  /// Ends its use of the files; nothing can be asked of it afterwards.
  public func close() throws { try catalog.close() }

  /// The encoder of the vectors in it.
  /// - Throws: ``IeumError`` (data) when the model in the folder is not the one that the vectors were made with.
  public func model() throws -> SearchModel {
    let model = try SearchModel.open(folder)
    let wanted = encoderDigest
    guard model.card.digest == wanted else {
      throw IeumError(
        .data, "is another encoder (\(model.card.digest.prefix(12))) than the vectors' (\(wanted.prefix(12)))",
        file: "\(folder)/model.json", remedy: "put the former model back, or make the index again")
    }
    return model
  }

  /// Refuses vectors or queries of another encoder.
  public func check(encoderDigest: String) throws {
    guard encoderDigest == self.encoderDigest else {
      throw IeumError(
        .data, "the encoder \(encoderDigest.prefix(12)) is not the one of this index (\(self.encoderDigest.prefix(12)))",
        file: folder, remedy: "encode with the model in that folder")
    }
  }

  /// What there is.
  public struct Summary: Sendable, Codable {
    public let items: Int
    public let removed: Int
    public let dimension: Int
    public let index: String
    /// Items that wait for the next rebuild and are compared one by one.
    public let waiting: Int
    public let datasets: [String: Int]
    public let languages: [String]
    public let encoderDigest: String
  }

  public func summary() throws -> Summary {
    try catalog.read { db in try self.contents(SearchCatalog.state(db), db).summary }
  }

  private func contents(_ state: SearchCatalog.State, _ db: Database) throws -> SearchContents {
    try keptContents.value(state) { try SearchContents(state, db) }
  }

  func vectors(_ state: SearchCatalog.State) throws -> SearchVectors {
    try keptVectors.value(state.files) {
      let made = try SearchVectors(state, folder)
      // Files of another index under this one's names must not be taken for its own.
      guard !isReplaced else {
        throw IeumError(.data, "another index has taken this one's place", file: folder, remedy: "ask again")
      }
      return made
    }
  }

  /// The row and description of an item.
  /// - Throws: ``IeumError`` (data) when there is none of this id.
  public func item(_ id: String) throws -> (row: Int, item: SearchItem) {
    let found = try catalog.read { db in
      try Row.fetchOne(db, sql: "SELECT * FROM item WHERE id = ? AND removed = 0", arguments: [id]).map { row in
        (row: row["row"] as Int, item: try SearchCatalog.item(row, db))
      }
    }
    guard let found else {
      throw IeumError(.data, "there is no item '\(id)'", file: folder, remedy: "take an id from a search's results")
    }
    return found
  }

  /// The vector of an item.
  public func vector(of id: String) throws -> [Float] {
    try settled {
      _ = try item(id)
      let (state, row) = try catalog.read { db in
        (
          try SearchCatalog.state(db),
          try Int.fetchOne(db, sql: "SELECT row FROM item WHERE id = ? AND removed = 0", arguments: [id])
        )
      }
      return try row.map { try self.vectors(state).vector($0) }
    }
  }

  /// Whether a file lies in a folder that the index's media came from, symbolic links followed.
  public func mayRead(_ path: String) throws -> Bool {
    guard let real = realpath(path, nil) else { return false }
    defer { free(real) }
    let resolved = String(cString: real)
    return try catalog.read(SearchCatalog.state).roots.contains { resolved.hasPrefix($0 + "/") || resolved == $0 }
  }

  /// The items nearest to a unit vector.
  /// - Parameter search: search parameters of the index.
  /// - Throws: ``IeumError``: data for a vector of another length or a damaged index, usage for unknown parameters.
  public func nearest(
    _ vector: [Float], k: Int, filter: SearchFilter = SearchFilter(), excluding excluded: Set<String> = [],
    search: [String: Scalar] = [:]
  ) throws -> [SearchHit] {
    try settled { try attempt(vector, k, filter, excluded, search) }
  }

  /// Asks again where a rebuild took the files away, or numbered the rows anew (nil), meanwhile.
  func settled<T>(_ body: () throws -> T?) throws -> T {
    while true {
      let generation = try catalog.read(SearchCatalog.state).generation
      do {
        if let result = try body() { return result }
      } catch {
        if try catalog.read(SearchCatalog.state).generation == generation { throw error }
      }
    }
  }

  /// Nil when a rebuild numbered the rows anew meanwhile.
  private func attempt(
    _ vector: [Float], _ k: Int, _ filter: SearchFilter, _ excluded: Set<String>, _ search: [String: Scalar]
  ) throws -> [SearchHit]? {
    let (state, contents, rows) = try catalog.read { db in
      let state = try SearchCatalog.state(db)
      return try (state, self.contents(state, db), filter.isEmpty ? nil : SearchCatalog.rows(filter, db))
    }
    let passing = rows?.count ?? contents.summary.items
    guard state.rows > 0, passing > 0 else { return [] }
    let allowed = rows.map { RowFilter(count: state.rows, rows: $0) } ?? contents.live
    let vectors = try self.vectors(state)
    let wanted = min(passing, k + excluded.count)
    let found = try vectors.nearest(vector, k: wanted, filter: allowed, search: search)
    for neighbor in found { _ = try vectors.vector(neighbor.row) }
    return try catalog.read { db in
      guard try SearchCatalog.state(db).generation == state.generation else { return nil }
      var hits: [SearchHit] = []
      for neighbor in found where hits.count < k {
        guard let row = try Row.fetchOne(db, sql: "SELECT * FROM item WHERE row = ?", arguments: [neighbor.row])
        else { continue }
        let item = try SearchCatalog.item(row, db)
        if excluded.contains(item.id) { continue }
        let score = 1 - Double(neighbor.distance) * Double(neighbor.distance) / 2
        let isMissing = item.path.map { access($0, F_OK) != 0 } ?? false
        hits.append(SearchHit(rank: hits.count + 1, score: score, item: item, missing: isMissing ? true : nil))
      }
      return hits
    }
  }
}
