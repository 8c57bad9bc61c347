import Basics
import Foundation

extension SearchDatabase {
  /// Makes an index aside and gives it its name once it is whole: one that fails, or is killed, leaves nothing.
  /// - Parameters:
  ///   - replacing: take the place of an index that is there.
  ///   - fill: makes the index in a folder that it is told.
  /// - Throws: ``IeumError`` (usage) when there is something in the folder that is not to be replaced.
  public static func build(
    _ folder: String, replacing: Bool = false, _ fill: (String) throws -> SearchDatabase
  ) throws -> SearchDatabase {
    let place = URL(fileURLWithPath: folder).standardizedFileURL.path
    if !replacing { try refuseTaken(place, named: folder) }
    AbandonedFiles.removeFolders(for: place)
    let scratch = try AtomicFile.temporaryPath(for: place)
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    try fill(scratch).close()
    let former = try AtomicFile.temporaryPath(for: place + ".former")
    defer { try? FileManager.default.removeItem(atPath: former) }
    if replacing { rename(place, former) }
    guard rename(scratch, place) == 0 else {
      let reason = String(cString: strerror(errno))
      if replacing { rename(former, place) }
      throw IeumError(.system, "cannot be made (\(reason))", file: folder, remedy: "check the folder's permissions")
    }
    return try open(folder)
  }

  private static func refuseTaken(_ place: String, named folder: String) throws {
    guard !FileManager.default.fileExists(atPath: place + "/items.sqlite") else {
      throw IeumError(.usage, "is a search index already", file: folder, remedy: "add to it, or name another folder")
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
    guard names.isEmpty else {
      throw IeumError(.usage, "is a folder with other files in it", file: folder, remedy: "name another folder")
    }
  }
}
