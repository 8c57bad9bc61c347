import Basics
import Datasets
import Foundation
import Harness

/// The index that `ieum search` uses where none is named: the stamps, through ``DefaultModel``.
public enum DefaultSearch {
  /// `$IEUM_CACHE/search/stamps`
  public static func folder(_ cache: Cache = Cache()) -> String { "\(cache.root)/search/\(DefaultModel.dataset)" }

  /// Opens the default index, made first where it is missing.
  /// - Parameter progress: told what is being done.
  public static func open(_ progress: (String) -> Void) throws -> SearchDatabase {
    try isThere ? SearchDatabase.open(folder()) : locked { try isThere ? SearchDatabase.open(folder()) : make(false, progress) }
  }

  /// Makes the default index, in the place of an older one.
  /// - Parameter trains: as in ``DefaultModel/best(trains:_:)``.
  public static func make(trains: Bool = false, _ progress: (String) -> Void) throws -> SearchDatabase {
    try locked { try make(trains, progress) }
  }

  private static var isThere: Bool { FileManager.default.fileExists(atPath: folder() + "/items.sqlite") }

  /// One process makes it; others wait, and find it made.
  private static func locked<T>(_ body: () throws -> T) throws -> T {
    let path = folder() + ".lock"
    // Makes the folder around it.
    _ = try AtomicFile.temporaryPath(for: path)
    let lock = try FileLock(path)
    defer { lock.release() }
    return try body()
  }

  private static func make(_ trains: Bool, _ progress: (String) -> Void) throws -> SearchDatabase {
    let folder = folder()
    // Nobody may be changing the one that goes. A damaged one has no writer.
    let former = try (try? SearchDatabase.open(folder)).map { try SearchWriter($0) }
    defer { withExtendedLifetime(former) {} }
    progress("making the default index (\(DefaultModel.dataset)) in \(folder)")
    let model = try DefaultModel.best(trains: trains, progress)
    let encoder = try model.encoder()
    let spec = try DatasetRegistry.named(DefaultModel.dataset)
    let dataset = try spec.load(DatasetOptions())
    return try SearchDatabase.build(folder, replacing: true) { scratch in
      let database = try SearchDatabase.create(scratch, model: model, dimension: encoder.dimension)
      _ = try SearchIngest(database, encoder: encoder).add(dataset, root: spec.defaultRoot) { done, all in
        if done == all { progress("\(all) items indexed") }
      }
      return database
    }
  }
}
