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
    let folder = folder()
    if FileManager.default.fileExists(atPath: folder + "/items.sqlite") { return try SearchDatabase.open(folder) }
    return try make(progress)
  }

  /// Makes the default index, in the place of an older one.
  /// - Parameter trains: as in ``DefaultModel/best(trains:_:)``.
  public static func make(trains: Bool = false, _ progress: (String) -> Void) throws -> SearchDatabase {
    let folder = folder()
    progress("making the default index (\(DefaultModel.dataset)) in \(folder)")
    let model = try DefaultModel.best(trains: trains, progress)
    let encoder = try model.encoder()
    let spec = try DatasetRegistry.named(DefaultModel.dataset)
    let dataset = try spec.load(DatasetOptions())
    // Made aside, so that an interrupted one is not taken for the whole.
    let scratch = folder + ".part\(getpid())"
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    let database = try SearchDatabase.create(scratch, model: model, dimension: encoder.dimension)
    _ = try SearchIngest(database, encoder: encoder).add(dataset, root: spec.defaultRoot) { done, all in
      if done == all { progress("\(all) items indexed") }
    }
    try database.close()
    try? FileManager.default.removeItem(atPath: folder)
    try FileManager.default.moveItem(atPath: scratch, toPath: folder)
    return try SearchDatabase.open(folder)
  }
}
