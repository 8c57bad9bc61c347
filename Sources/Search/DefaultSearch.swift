import Basics
import Datasets
import Foundation
import Harness

/// The index that `ieum search` uses where none is named: the stamps, through the model of `experiments/search.yaml`.
public enum DefaultSearch {
  /// `$IEUM_CACHE/search/stamps`
  public static func folder(_ cache: Cache = Cache()) -> String { "\(cache.root)/search/stamps" }

  /// The shipped experiment, beside the working folder or in the checkout that the program was built in.
  /// - Throws: ``IeumError`` (data) when it is not found.
  public static func experiment() throws -> String {
    let name = "experiments/search.yaml"
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    var candidates = [name]
    if let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
      folder = URL(fileURLWithPath: program)
    }
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      candidates.append("\(folder.path)/\(name)")
    }
    guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      throw IeumError(
        .data, "the default experiment is not there", file: name,
        remedy: "run in a checkout of ieum, or make an index with `ieum index create --model EXPERIMENT`")
    }
    return found
  }

  /// Opens the default index, made first where it is missing.
  /// - Parameter progress: told what is being done.
  public static func open(_ progress: (String) -> Void) throws -> SearchDatabase {
    let folder = folder()
    if FileManager.default.fileExists(atPath: folder + "/items.sqlite") { return try SearchDatabase.open(folder) }
    progress("making the default index (stamps) in \(folder)")
    let model = try SearchModel.trained(experiment())
    let encoder = try model.encoder()
    let spec = try DatasetRegistry.named("stamps")
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
