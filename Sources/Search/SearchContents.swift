import Foundation
import GRDB
import Ranking

/// What one state of the catalogue says of all items, read once and asked with every search.
struct SearchContents: Sendable {
  let summary: SearchDatabase.Summary
  /// The rows that are not removed; nil where no row is.
  let live: RowFilter?

  init(_ state: SearchCatalog.State, _ db: Database) throws {
    var datasets: [String: Int] = [:]
    for row in try Row.fetchAll(
      db, sql: "SELECT dataset, COUNT(*) AS count FROM item WHERE removed = 0 GROUP BY dataset")
    {
      datasets[row["dataset"]] = row["count"]
    }
    summary = SearchDatabase.Summary(
      items: datasets.values.reduce(0, +),
      removed: try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM item WHERE removed = 1") ?? 0,
      dimension: state.dimension, index: state.index, waiting: state.rows - state.indexed, datasets: datasets,
      languages: try String.fetchAll(db, sql: "SELECT DISTINCT language FROM caption ORDER BY language"),
      encoderDigest: state.encoderDigest)
    live = summary.items == state.rows
      ? nil : RowFilter(count: state.rows, rows: try SearchCatalog.rows(SearchFilter(), db))
  }
}

/// Which file stands under a name.
struct FileIdentity: Sendable, Equatable {
  private let device: UInt64
  private let inode: UInt64

  /// Nil where there is none.
  init?(_ path: String) {
    var file = stat()
    guard stat(path, &file) == 0 else { return nil }
    (device, inode) = (UInt64(file.st_dev), UInt64(file.st_ino))
  }
}
