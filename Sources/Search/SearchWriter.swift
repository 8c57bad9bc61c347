import Basics
import Foundation
import GRDB
import Ranking

/// The one process that changes a database. Each change is one transaction of the catalogue; vectors reach the disk
/// before it, so that whatever moment the process dies at, the database is as before or as after.
public final class SearchWriter {
  private let database: SearchDatabase
  private let lock: FileLock
  private var folder: String { database.folder }

  /// - Throws: ``IeumError``: data when another process is writing, system when the folder cannot be written.
  public init(_ database: SearchDatabase) throws {
    self.database = database
    guard let lock = try FileLock.attempt(database.folder + "/writer.lock") else {
      throw IeumError(
        .data, "another process is changing this index", file: database.folder,
        remedy: "wait until it is done; searching goes on meanwhile")
    }
    self.lock = lock
    // What an older version of the program has not made.
    try database.catalog.write(SearchCatalog.makeTables)
    try removeLeftovers()
  }

  /// Files of a rebuild that did not come to its end.
  private func removeLeftovers() throws {
    let generation = try database.catalog.read(SearchCatalog.state).generation
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where name.hasPrefix("vectors-") || name.hasPrefix("index-") || name.hasSuffix(".part") {
      let number = Int(name.drop { $0 != "-" }.dropFirst().prefix { $0.isNumber })
      if number != generation { unlink("\(folder)/\(name)") }
    }
  }

  /// Adds items with their unit vectors; an item whose id is known already takes the old one's place.
  /// - Parameters:
  ///   - roots: folders that their media may be read from.
  ///   - clips: films whose clips are all there with this call; clips of other cuts are removed.
  /// - Throws: ``IeumError`` (data) for a vector of another length, or an id that stands twice.
  public func add(
    _ items: [(item: SearchItem, vector: [Float])], roots: [String] = [], clips: [FilmClips] = []
  ) throws {
    var state = try database.catalog.read(SearchCatalog.state)
    for (item, vector) in items where vector.count != state.dimension || !vector.allSatisfy(\.isFinite) {
      throw IeumError(
        .data, "the vector of '\(item.id)' is not \(state.dimension) finite numbers", file: folder,
        remedy: "encode it with the index's own model")
    }
    var ids: Set<String> = []
    for (item, _) in items where !ids.insert(item.id).inserted {
      throw IeumError(.data, "the id '\(item.id)' stands twice", file: folder, remedy: "give every item its own")
    }
    let (first, values) = (state.rows, items.flatMap(\.vector))
    let start = first * state.dimension * 4
    try append(values, after: start, generation: state.generation)
    let digest = values.withUnsafeBytes { Digest.of($0) }
    state.rows += items.count
    for root in roots where !state.roots.contains(root) { state.roots.append(root) }
    try database.catalog.write { [state] db in
      for (offset, entry) in items.enumerated() {
        try db.execute(sql: "UPDATE item SET removed = 1 WHERE id = ? AND removed = 0", arguments: [entry.item.id])
        try SearchCatalog.insert(entry.item, row: first + offset, db)
      }
      for film in clips { try SearchCatalog.removeCuts(film, db) }
      if !items.isEmpty {
        let file = (SearchVectors.vectorsPath(folder, state.generation) as NSString).lastPathComponent
        try SearchCatalog.store(digest: digest, of: file, start: start, length: 4 * values.count, db)
      }
      try SearchCatalog.store(state, db)
    }
  }

  /// Writes behind the rows that count; whatever an interrupted call left there is overwritten.
  private func append(_ values: [Float], after offset: Int, generation: Int) throws {
    let path = SearchVectors.vectorsPath(folder, generation)
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    func failed() -> IeumError {
      IeumError(
        .system, "cannot be written (\(String(cString: strerror(errno))))", file: path, remedy: "free disk space")
    }
    guard descriptor >= 0 else { throw failed() }
    defer { close(descriptor) }
    guard lseek(descriptor, off_t(offset), SEEK_SET) == off_t(offset) else { throw failed() }
    try values.withUnsafeBytes { bytes in
      var written = 0
      while written < bytes.count {
        let step = write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
        guard step > 0 else { throw failed() }
        written += step
      }
    }
    guard fsync(descriptor) == 0 else { throw failed() }
  }

  /// Removes items; their rows stay until the next rebuild. Ids that are not there are told.
  /// - Returns: ids that were not found.
  public func remove(_ ids: [String]) throws -> [String] {
    try database.catalog.write { db in
      var missing: [String] = []
      for id in ids {
        try db.execute(sql: "UPDATE item SET removed = 1 WHERE id = ? AND removed = 0", arguments: [id])
        if db.changesCount == 0 { missing.append(id) }
      }
      return missing
    }
  }

  /// True when a fifth of the rows are removed, or a fifth and more than 200 not in the index yet, or none is in it.
  public func isRebuildDue() throws -> Bool {
    let summary = try database.summary()
    let rows = summary.items + summary.removed
    guard rows > 0 else { return false }
    let covered = rows - summary.waiting
    return covered == 0 || summary.removed * 5 > rows || (summary.waiting > 200 && summary.waiting * 5 > rows)
  }

  /// Drops removed rows, numbers the others anew and builds the index over all of them.
  public func rebuild() throws {
    let (state, kept) = try database.catalog.read { db in
      (try SearchCatalog.state(db), try SearchCatalog.rows(SearchFilter(), db))
    }
    guard state.rows > 0 else { return }
    let old = try VectorMatrix(
      mapping: SearchVectors.vectorsPath(folder, state.generation), count: state.rows, dimension: state.dimension,
      growing: true)
    var next = state
    next.generation += 1
    (next.rows, next.indexed) = (kept.count, kept.count)
    var files: [String] = []
    if !kept.isEmpty {
      let vectors = try VectorMatrix(kept.flatMap { old.vector($0) }, dimension: state.dimension)
      files = [SearchVectors.vectorsPath(folder, next.generation)]
      try vectors.write(to: files[0])
      let spec = try IndexRegistry.named(state.index)
      let build = state.parameters.filter { name, _ in spec.buildParameters.contains { $0.name == name } }
      let index = try spec.build(vectors, metric: .angular, parameters: build.mapValues { Scalar(parsing: $0) })
      files.append(SearchVectors.indexPath(folder, next.generation, spec))
      try index.write(to: files[1])
    }
    let digests = try files.map { (name: ($0 as NSString).lastPathComponent, size: try size($0), sha256: try Digest.ofFile($0)) }
    syncFolder()
    try database.catalog.write { [next] db in
      try db.execute(sql: "DELETE FROM caption WHERE row IN (SELECT row FROM item WHERE removed = 1)")
      try db.execute(sql: "DELETE FROM item WHERE removed = 1")
      // Rows only ever move down, and in rising order, so no number is taken.
      for (new, row) in kept.enumerated() where new != row {
        try db.execute(sql: "UPDATE item SET row = ? WHERE row = ?", arguments: [new, row])
        try db.execute(sql: "UPDATE caption SET row = ? WHERE row = ?", arguments: [new, row])
      }
      try db.execute(sql: "DELETE FROM digest")
      for (name, size, sha256) in digests {
        try SearchCatalog.store(digest: sha256, of: name, start: 0, length: size, db)
      }
      try SearchCatalog.store(next, db)
    }
    try removeLeftovers()
    try removeThumbnails()
  }

  private func size(_ path: String) throws -> Int {
    var file = stat()
    guard stat(path, &file) == 0 else { throw IeumError(.system, "cannot be read", file: path) }
    return Int(file.st_size)
  }

  /// The names of new files reach the disk before the commit that counts on them.
  private func syncFolder() {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  /// Thumbnails that no item has any more.
  private func removeThumbnails() throws {
    let wanted = try database.catalog.read { db in
      try Set(String.fetchAll(db, sql: "SELECT thumbnail FROM item WHERE thumbnail IS NOT NULL"))
    }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder + "/thumbnails")) ?? []
    where !wanted.contains(name) { unlink("\(folder)/thumbnails/\(name)") }
  }
}

/// What a film is cut into.
public struct FilmClips: Sendable {
  public let path: String
  public let dataset: String
  /// The id of the whole film; its clips' begin with it and `@`.
  public let film: String
  /// The ids of all items that it is cut into.
  public let ids: Set<String>

  public init(path: String, dataset: String, film: String, ids: Set<String>) {
    (self.path, self.dataset, self.film, self.ids) = (path, dataset, film, ids)
  }
}
