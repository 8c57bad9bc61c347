import Foundation

/// The engine of an index folder that somebody may replace: opened again once another index stands there.
public final class LiveSearch: @unchecked Sendable {
  private let lock = NSLock()
  private var engine: SearchEngine
  private var title: String

  /// - Parameter title: says which model it is.
  public init(_ engine: SearchEngine, title: String) {
    (self.engine, self.title) = (engine, title)
  }

  /// What stands in the folder now; the former one while there is none.
  /// - Throws: ``IeumError`` (data) when it cannot be opened.
  public func current() throws -> (engine: SearchEngine, title: String) {
    lock.lock()
    defer { lock.unlock() }
    if engine.database.isReplaced {
      let former = engine.database
      let database = try SearchDatabase.open(former.folder)
      if (database.encoderDigest, database.dimension) == (former.encoderDigest, former.dimension) {
        engine = SearchEngine(database, encoder: engine.encoder)
      } else {
        engine = try SearchEngine(database)
        title = try database.model().card.summary
      }
    }
    return (engine, title)
  }
}
