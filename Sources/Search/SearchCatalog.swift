import Basics
import Foundation
import GRDB

/// The table of items: SQLite in write-ahead mode, so that searches read while one process writes.
final class SearchCatalog: Sendable {
  static let formatVersion = "1"

  let path: String
  private let pool: DatabasePool

  /// What the catalogue knows about the files beside it.
  struct State: Sendable, Equatable {
    var generation = 0
    /// Rows of the vector file, removed ones included.
    var rows = 0
    /// Rows that the index file covers; later ones are compared one by one.
    var indexed = 0
    var dimension = 0
    var index = "exact"
    var parameters: [String: String] = [:]
    var encoderDigest = ""
    /// Folders that media may be read from.
    var roots: [String] = []
  }

  /// - Throws: ``IeumError`` (data) when the file is no catalogue of this version.
  init(_ path: String, creating: Bool) throws {
    self.path = path
    guard creating || FileManager.default.fileExists(atPath: path) else {
      throw IeumError(.data, "there is no search index", file: path, remedy: "make one with `ieum index create`")
    }
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    do {
      pool = try DatabasePool(path: path, configuration: configuration)
      if creating { try pool.write(SearchCatalog.makeTables) }
      let version = try pool.read { db in
        try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'format_version'")
      }
      guard version == SearchCatalog.formatVersion else {
        throw IeumError(
          .data, "is a search index of version \(version ?? "?"), not \(SearchCatalog.formatVersion)", file: path,
          remedy: "make it again")
      }
    } catch let error as DatabaseError {
      throw SearchCatalog.failure(error, path)
    }
  }

  private static func failure(_ error: DatabaseError, _ path: String) -> IeumError {
    let damaged = [ResultCode.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
    return IeumError(
      damaged || error.resultCode == .SQLITE_ERROR ? .data : .system,
      damaged ? "is damaged" : "cannot be used (\(error.message ?? "SQLite \(error.resultCode.rawValue)"))", file: path,
      remedy: damaged ? "make the index again" : "check disk space and permissions")
  }

  private static func makeTables(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS item (
          row INTEGER PRIMARY KEY, id TEXT NOT NULL, dataset TEXT NOT NULL, film TEXT, path TEXT, start REAL,
          finish REAL, seconds REAL, caption TEXT NOT NULL, thumbnail TEXT, removed INTEGER NOT NULL DEFAULT 0);
        CREATE UNIQUE INDEX IF NOT EXISTS item_id ON item (id) WHERE removed = 0;
        CREATE INDEX IF NOT EXISTS item_dataset ON item (dataset);
        CREATE TABLE IF NOT EXISTS caption (row INTEGER NOT NULL, language TEXT NOT NULL, text TEXT NOT NULL,
          PRIMARY KEY (row, language));
        """)
    try db.execute(
      sql: "INSERT OR IGNORE INTO meta VALUES ('format_version', ?)", arguments: [SearchCatalog.formatVersion])
  }

  func close() throws { try pool.close() }

  func read<T>(_ body: (Database) throws -> T) throws -> T {
    do { return try pool.read(body) } catch let error as DatabaseError { throw SearchCatalog.failure(error, path) }
  }

  /// One transaction: all of it or nothing, whenever the process dies.
  func write<T>(_ body: (Database) throws -> T) throws -> T {
    do { return try pool.write(body) } catch let error as DatabaseError { throw SearchCatalog.failure(error, path) }
  }

  static func state(_ db: Database) throws -> State {
    var values: [String: String] = [:]
    for row in try Row.fetchAll(db, sql: "SELECT key, value FROM meta") { values[row["key"]] = row["value"] }
    func json<T: Decodable>(_ key: String, _ type: T.Type) -> T? {
      values[key].flatMap { try? JSONDecoder().decode(T.self, from: Data($0.utf8)) }
    }
    var state = State()
    state.generation = values["generation"].flatMap(Int.init) ?? 0
    state.rows = values["rows"].flatMap(Int.init) ?? 0
    state.indexed = values["indexed"].flatMap(Int.init) ?? 0
    state.dimension = values["dimension"].flatMap(Int.init) ?? 0
    state.index = values["index"] ?? "exact"
    state.parameters = json("parameters", [String: String].self) ?? [:]
    state.encoderDigest = values["encoder_digest"] ?? ""
    state.roots = json("roots", [String].self) ?? []
    return state
  }

  static func store(_ state: State, _ db: Database) throws {
    func json(_ value: some Encodable) throws -> String {
      String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
    let values = [
      "generation": "\(state.generation)", "rows": "\(state.rows)", "indexed": "\(state.indexed)",
      "dimension": "\(state.dimension)", "index": state.index, "parameters": try json(state.parameters),
      "encoder_digest": state.encoderDigest, "roots": try json(state.roots),
    ]
    for (key, value) in values {
      try db.execute(sql: "INSERT OR REPLACE INTO meta VALUES (?, ?)", arguments: [key, value])
    }
  }

  static func insert(_ item: SearchItem, row: Int, _ db: Database) throws {
    try db.execute(
      sql: "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
      arguments: [
        row, item.id, item.dataset, item.film, item.path, item.start, item.end, item.seconds, item.caption,
        item.thumbnail,
      ])
    for (language, text) in item.captions {
      try db.execute(sql: "INSERT INTO caption VALUES (?, ?, ?)", arguments: [row, language, text])
    }
  }

  static func item(_ row: Row, _ db: Database) throws -> SearchItem {
    let number: Int = row["row"]
    var captions: [String: String] = [:]
    for caption in try Row.fetchAll(
      db, sql: "SELECT language, text FROM caption WHERE row = ?", arguments: [number])
    {
      captions[caption["language"]] = caption["text"]
    }
    return SearchItem(
      id: row["id"], dataset: row["dataset"], film: row["film"], path: row["path"], start: row["start"],
      end: row["finish"], seconds: row["seconds"], captions: captions, caption: row["caption"],
      thumbnail: row["thumbnail"])
  }

  /// The rows that pass a filter and are not removed.
  static func rows(_ filter: SearchFilter, _ db: Database) throws -> [Int] {
    var conditions = ["removed = 0"]
    var arguments: [(any DatabaseValueConvertible)?] = []
    func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
      guard let value else { return }
      conditions.append(condition)
      arguments.append(value)
    }
    add("dataset = ?", filter.dataset)
    add("film = ?", filter.film)
    add("EXISTS (SELECT 1 FROM caption WHERE caption.row = item.row AND language = ?)", filter.language)
    add("seconds >= ?", filter.shortest)
    add("seconds <= ?", filter.longest)
    return try Int.fetchAll(
      db, sql: "SELECT row FROM item WHERE \(conditions.joined(separator: " AND ")) ORDER BY row",
      arguments: StatementArguments(arguments))
  }
}
