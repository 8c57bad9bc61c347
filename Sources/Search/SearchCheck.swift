import Basics
import Foundation
import GRDB

/// What is wrong with an index: every byte of it read, every file that it names looked for.
public struct SearchCheck: Sendable, Codable {
  /// One line each: a file of the index, and what is wrong with it.
  public var damaged: [String] = []
  /// Media files that items name and that are not there any more.
  public var missingMedia: [String] = []
  /// Ids of items whose thumbnail is not there.
  public var missingThumbnails: [String] = []
  /// Whether all vectors have digests; those of an index that an older version made have none until a rebuild.
  public var isVerified = true

  public var isSound: Bool { damaged.isEmpty && missingMedia.isEmpty && missingThumbnails.isEmpty }
}

extension SearchDatabase {
  /// Reads everything; for numbers alone there is ``summary()``.
  /// - Throws: ``IeumError`` when the catalogue cannot be asked at all.
  public func check() throws -> SearchCheck {
    try settled {
      var check = SearchCheck()
      let (state, pieces) = try catalog.read { db in
        let complaints = try String.fetchAll(db, sql: "PRAGMA integrity_check(10)").filter { $0 != "ok" }
        check.damaged += complaints.map { "items.sqlite: \($0)" }
        try lookForFiles(db, &check)
        return (try SearchCatalog.state(db), try Piece.all(db))
      }
      check.damaged += pieces.compactMap { $0.complaint(in: folder) }
      let vectors = (SearchVectors.vectorsPath(folder, state.generation) as NSString).lastPathComponent
      let covered = pieces.filter { $0.file == vectors }.reduce(0) { $0 + $1.length }
      check.isVerified = covered >= 4 * state.rows * state.dimension
      do {
        let loaded = try self.vectors(state)
        for row in 0..<state.rows { _ = try loaded.vector(row) }
      } catch let error as IeumError { check.damaged.append("\(error)") }
      // Files that a rebuild took away meanwhile were no damage.
      return try catalog.read(SearchCatalog.state).generation == state.generation ? check : nil
    }
  }

  private func lookForFiles(_ db: Database, _ check: inout SearchCheck) throws {
    var media: Set<String> = []
    for row in try Row.fetchAll(db, sql: "SELECT id, path, thumbnail FROM item WHERE removed = 0 ORDER BY row") {
      if let path: String = row["path"], media.insert(path).inserted, access(path, F_OK) != 0 {
        check.missingMedia.append(path)
      }
      if let name: String = row["thumbnail"], access("\(folder)/thumbnails/\(name)", F_OK) != 0 {
        check.missingThumbnails.append(row["id"])
      }
    }
  }

  /// Bytes of a file, with their digest.
  private struct Piece {
    let file: String
    let start: Int
    let length: Int
    let sha256: String

    static func all(_ db: Database) throws -> [Piece] {
      try Row.fetchAll(db, sql: "SELECT * FROM digest ORDER BY file, start").map {
        Piece(file: $0["file"], start: $0["start"], length: $0["length"], sha256: $0["sha256"])
      }
    }

    func complaint(in folder: String) -> String? {
      let url = URL(fileURLWithPath: "\(folder)/\(file)")
      guard let data = try? Data(contentsOf: url, options: .alwaysMapped) else { return "\(file): cannot be read" }
      guard data.count >= start + length else { return "\(file): ends at byte \(data.count)" }
      guard Digest.of(data[start..<start + length]) == sha256 else {
        return "\(file): bytes \(start)…\(start + length) were changed"
      }
      return nil
    }
  }
}
