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
  private let loaded = LoadedVectors()

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
    return SearchDatabase(folder, catalog)
  }

  /// - Throws: ``IeumError`` (data) for a folder without a database, or a damaged one.
  public static func open(_ folder: String) throws -> SearchDatabase {
    SearchDatabase(folder, try SearchCatalog("\(folder)/items.sqlite", creating: false))
  }

  private init(_ folder: String, _ catalog: SearchCatalog) {
    self.folder = folder
    self.catalog = catalog
  }

  /// Ends its use of the files; nothing can be asked of it afterwards.
  public func close() throws { try catalog.close() }

  /// The encoder of the vectors in it.
  /// - Throws: ``IeumError`` (data) when the model in the folder is not the one that the vectors were made with.
  public func model() throws -> SearchModel {
    let model = try SearchModel.open(folder)
    let wanted = try catalog.read(SearchCatalog.state).encoderDigest
    guard model.card.digest == wanted else {
      throw IeumError(
        .data, "is another encoder (\(model.card.digest.prefix(12))) than the vectors' (\(wanted.prefix(12)))",
        file: "\(folder)/model.json", remedy: "put the former model back, or make the index again")
    }
    return model
  }

  /// Refuses vectors or queries of another encoder.
  public func check(encoderDigest: String) throws {
    let wanted = try catalog.read(SearchCatalog.state).encoderDigest
    guard encoderDigest == wanted else {
      throw IeumError(
        .data, "the encoder \(encoderDigest.prefix(12)) is not the one of this index (\(wanted.prefix(12)))",
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
    try catalog.read { db in
      let state = try SearchCatalog.state(db)
      var datasets: [String: Int] = [:]
      for row in try Row.fetchAll(
        db, sql: "SELECT dataset, COUNT(*) AS count FROM item WHERE removed = 0 GROUP BY dataset")
      {
        datasets[row["dataset"]] = row["count"]
      }
      return Summary(
        items: datasets.values.reduce(0, +),
        removed: try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM item WHERE removed = 1") ?? 0,
        dimension: state.dimension, index: state.index, waiting: state.rows - state.indexed, datasets: datasets,
        languages: try String.fetchAll(db, sql: "SELECT DISTINCT language FROM caption ORDER BY language"),
        encoderDigest: state.encoderDigest)
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
    let state = try catalog.read(SearchCatalog.state)
    let row = try item(id).row
    return try loaded.current(state, folder).vectors?.vector(row) ?? []
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
    while true {
      let generation = try catalog.read(SearchCatalog.state).generation
      do {
        if let hits = try attempt(vector, k, filter, excluded, search) { return hits }
      } catch {
        // A rebuild took the files away while this search began: then the new ones are searched.
        if try catalog.read(SearchCatalog.state).generation == generation { throw error }
      }
    }
  }

  /// Nil when a rebuild numbered the rows anew meanwhile.
  private func attempt(
    _ vector: [Float], _ k: Int, _ filter: SearchFilter, _ excluded: Set<String>, _ search: [String: Scalar]
  ) throws -> [SearchHit]? {
    let (state, rows) = try catalog.read { db in
      (try SearchCatalog.state(db), try SearchCatalog.rows(filter, db))
    }
    guard state.rows > 0, !rows.isEmpty else { return [] }
    let vectors = try loaded.current(state, folder)
    let allowed = rows.count == state.rows ? nil : RowFilter(count: state.rows, rows: rows)
    let wanted = min(rows.count, k + excluded.count)
    let found = try vectors.nearest(vector, k: wanted, filter: allowed, search: search)
    return try catalog.read { db in
      guard try SearchCatalog.state(db).generation == state.generation else { return nil }
      var hits: [SearchHit] = []
      for neighbor in found where hits.count < k {
        guard let row = try Row.fetchOne(db, sql: "SELECT * FROM item WHERE row = ?", arguments: [neighbor.row])
        else { continue }
        let item = try SearchCatalog.item(row, db)
        if excluded.contains(item.id) { continue }
        let score = 1 - Double(neighbor.distance) * Double(neighbor.distance) / 2
        hits.append(SearchHit(rank: hits.count + 1, score: score, item: item))
      }
      return hits
    }
  }
}
