import Foundation
import GRDB

/// The catalogue's tables: what stands in them and how it is asked for.
extension SearchCatalog {
  /// Makes what is not there yet.
  static func makeTables(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS item (
          row INTEGER PRIMARY KEY, id TEXT NOT NULL, dataset TEXT NOT NULL, film TEXT, path TEXT, start REAL,
          finish REAL, seconds REAL, caption TEXT NOT NULL, thumbnail TEXT, removed INTEGER NOT NULL DEFAULT 0);
        CREATE UNIQUE INDEX IF NOT EXISTS item_id ON item (id) WHERE removed = 0;
        CREATE INDEX IF NOT EXISTS item_dataset ON item (dataset);
        CREATE INDEX IF NOT EXISTS item_film ON item (film);
        CREATE INDEX IF NOT EXISTS item_path ON item (path);
        CREATE INDEX IF NOT EXISTS item_seconds ON item (seconds);
        CREATE TABLE IF NOT EXISTS caption (row INTEGER NOT NULL, language TEXT NOT NULL, text TEXT NOT NULL,
          PRIMARY KEY (row, language));
        CREATE INDEX IF NOT EXISTS caption_language ON caption (language, row);
        CREATE TABLE IF NOT EXISTS digest (file TEXT NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL,
          sha256 TEXT NOT NULL, PRIMARY KEY (file, start));
        """)
    try db.execute(
      sql: "INSERT OR IGNORE INTO meta VALUES ('format_version', ?)", arguments: [SearchCatalog.formatVersion])
  }

  static func state(_ db: Database) throws -> State {
    var values: [String: String] = [:]
    for row in try Row.fetchAll(db, sql: "SELECT key, value FROM meta") { values[row["key"]] = row["value"] }
    func json<T: Decodable>(_ key: String, _ type: T.Type) -> T? {
      values[key].flatMap { try? JSONDecoder().decode(T.self, from: Data($0.utf8)) }
    }
    var state = State()
    state.generation = values["generation"].flatMap(Int.init) ?? 0
    state.change = values["change"].flatMap(Int.init) ?? 0
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

  /// Notes what some bytes of a file beside the catalogue are.
  static func store(digest: String, of file: String, start: Int, length: Int, _ db: Database) throws {
    try db.execute(
      sql: "INSERT OR REPLACE INTO digest VALUES (?, ?, ?, ?)", arguments: [file, start, length, digest])
  }

  /// Removes what other cuts of a film have left: its clips and the whole of it, but for those that are named.
  static func removeCuts(_ cuts: FilmClips, _ db: Database) throws {
    let rows = try Row.fetchAll(
      db, sql: "SELECT row, id FROM item WHERE path = ? AND dataset = ? AND removed = 0",
      arguments: [cuts.path, cuts.dataset])
    for row in rows {
      let (number, id): (Int, String) = (row["row"], row["id"])
      guard id == cuts.film || id.hasPrefix(cuts.film + "@"), !cuts.ids.contains(id) else { continue }
      try db.execute(sql: "UPDATE item SET removed = 1 WHERE row = ?", arguments: [number])
    }
  }
}
