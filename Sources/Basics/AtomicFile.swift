import Foundation

/// Writes files so that a final name only ever holds a whole file.
public enum AtomicFile {
  /// Writes to a temporary name beside `path`, flushes it to disk, then renames; creates missing folders.
  /// - Throws: ``IeumError`` (system) with the operating system's reason (full disk, read-only folder).
  public static func write(_ data: Data, to path: String) throws {
    let temporary = try temporaryPath(for: path)
    do {
      try data.write(to: URL(fileURLWithPath: temporary))
      try commit(temporary, to: path)
    } catch let error as IeumError {
      throw error
    } catch {
      unlink(temporary)
      throw IeumError(
        .system, "cannot be written (\(error.localizedDescription))", file: path,
        remedy: "free disk space or check the folder's permissions, then run again")
    }
  }

  public static func write(_ text: String, to path: String) throws { try write(Data(text.utf8), to: path) }

  /// A temporary name in the same folder as `path`; creates the folder.
  public static func temporaryPath(for path: String) throws -> String {
    let url = URL(fileURLWithPath: path)
    do {
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    } catch {
      throw IeumError(
        .system, "cannot create the folder (\(error.localizedDescription))",
        file: url.deletingLastPathComponent().path, remedy: "check its permissions and the disk")
    }
    return url.deletingLastPathComponent().path + "/.\(url.lastPathComponent).\(Writer.place).\(getpid()).part"
  }

  /// Flushes a finished temporary file and gives it its final name.
  public static func commit(_ temporary: String, to path: String) throws {
    let descriptor = open(temporary, O_RDONLY)
    let flushed = descriptor >= 0 && fsync(descriptor) == 0
    if descriptor >= 0 { close(descriptor) }
    guard flushed, rename(temporary, path) == 0 else {
      let reason = String(cString: strerror(errno))
      unlink(temporary)
      throw IeumError(.system, "cannot be written (\(reason))", file: path, remedy: "free disk space or check permissions")
    }
  }
}
