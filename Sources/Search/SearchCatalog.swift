import Basics
import Foundation
import GRDB

/// The table of items: SQLite in write-ahead mode, so that searches read while one process writes.
final class SearchCatalog: Sendable {
  static let formatVersion = "1"

  let path: String
  private let reader: any DatabaseReader
  /// Nil where the file, or the folder around it, cannot be written.
  private let writer: DatabasePool?

  /// What the catalogue knows about the files beside it.
  struct State: Sendable, Equatable {
    var generation = 0
    /// Counts transactions.
    var change = 0
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

    /// What decides which vectors there are.
    var files: State {
      var state = self
      (state.change, state.roots) = (0, [])
      return state
    }
  }

  /// - Throws: ``IeumError`` (data) when the file is no catalogue of this version.
  init(_ path: String, creating: Bool) throws {
    self.path = path
    if !creating {
      guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int else {
        throw IeumError(.data, "there is no search index", file: path, remedy: "make one with `ieum index create`")
      }
      // SQLite takes an empty file for an empty database.
      guard size > 0 else { throw SearchCatalog.failure(DatabaseError(resultCode: .SQLITE_NOTADB), path) }
    }
    do {
      (reader, writer) = try SearchCatalog.open(path)
      if creating { try writer?.write(SearchCatalog.makeTables) }
      let version = try reader.read { db in
        guard try db.tableExists("meta") else { throw DatabaseError(resultCode: .SQLITE_NOTADB) }
        return try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'format_version'")
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

  private static func open(_ path: String) throws -> (any DatabaseReader, DatabasePool?) {
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    let isThere = FileManager.default.fileExists(atPath: path)
    if access((path as NSString).deletingLastPathComponent, W_OK) == 0, !isThere || access(path, W_OK) == 0 {
      let pool = try DatabasePool(path: path, configuration: configuration)
      // A commit is on the disk before the files of the generation before it go.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      return (pool, pool)
    }
    configuration.readonly = true
    do {
      let pool = try DatabasePool(path: path, configuration: configuration)
      _ = try pool.read { try $0.tableExists("meta") }
      return (pool, nil)
    } catch is DatabaseError {
      // Nobody has it open for writing, and the files that readers share with a writer cannot be made here.
      let name = URL(fileURLWithPath: path).absoluteString + "?immutable=1"
      return (try DatabaseQueue(path: name, configuration: configuration), nil)
    }
  }

  private static func failure(_ error: DatabaseError, _ path: String) -> IeumError {
    let damaged = [ResultCode.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
    return IeumError(
      damaged || error.resultCode == .SQLITE_ERROR ? .data : .system,
      damaged ? "is damaged" : "cannot be used (\(error.message ?? "SQLite \(error.resultCode.rawValue)"))", file: path,
      remedy: damaged ? "make the index again" : "check disk space and permissions")
  }

  func close() throws { try reader.close() }

  func read<T>(_ body: (Database) throws -> T) throws -> T {
    do { return try reader.read(body) } catch let error as DatabaseError { throw SearchCatalog.failure(error, path) }
  }

  /// One transaction: all of it or nothing, whenever the process dies.
  func write<T>(_ body: (Database) throws -> T) throws -> T {
    guard let writer else {
      throw IeumError(.system, "cannot be written", file: path, remedy: "check the permissions of the file and its folder")
    }
    do {
      return try writer.write { db in
        let result = try body(db)
        try db.execute(
          sql: """
            INSERT INTO meta VALUES ('change', '1') ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1
            """)
        return result
      }
    } catch let error as DatabaseError { throw SearchCatalog.failure(error, path) }
  }
}
