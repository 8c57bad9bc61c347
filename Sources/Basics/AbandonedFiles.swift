import Foundation

/// Who wrote a temporary file: process ids mean something only among the processes that share them.
enum Writer {
  /// Machine and process-id namespace in eight digits; two containers of one machine differ.
  static let place: String = {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    let namespace = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
    return String(Digest.of("\(name.prefix { $0 != 0 }) \(namespace ?? "")").prefix(8))
  }()

  /// A zombie is not alive: it has ended, and its parent has yet to take note.
  static func isAlive(_ process: Int32) -> Bool {
    guard kill(process, 0) == 0 || errno != ESRCH else { return false }
    // `PID (NAME) STATE ...`; a name may hold brackets of its own.
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let name = text.lastIndex(of: ")"), let state = text[name...].dropFirst(2).first
    else { return true }
    return state != "Z" && state != "X"
  }
}

/// Temporary files (``AtomicFile/temporaryPath(for:)``) whose writer was killed.
public enum AbandonedFiles {
  /// A file of another machine, or of a process id that lives again, is abandoned after a day without a change.
  static let patience: TimeInterval = 86_400

  /// Removes abandoned files from a folder and those below it; symbolic links are not followed.
  /// - Returns: how many.
  @discardableResult
  public static func remove(under folder: String) -> Int {
    guard let names = FileManager.default.enumerator(atPath: folder) else { return 0 }
    var removed = 0
    while let name = names.nextObject() as? String {
      guard name.hasSuffix(".part"), isAbandoned("\(folder)/\(name)"), unlink("\(folder)/\(name)") == 0 else { continue }
      removed += 1
    }
    return removed
  }

  /// Removes abandoned folders that were made under a temporary name for `path`, or for `path` with an ending.
  public static func removeFolders(for path: String) {
    let url = URL(fileURLWithPath: path)
    let parent = url.deletingLastPathComponent().path
    for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    where name.hasPrefix(".\(url.lastPathComponent).") && name.hasSuffix(".part") && isAbandoned("\(parent)/\(name)") {
      try? FileManager.default.removeItem(atPath: "\(parent)/\(name)")
    }
  }

  private static func isAbandoned(_ path: String) -> Bool {
    let name = URL(fileURLWithPath: path).lastPathComponent
    let parts = name.split(separator: ".")
    guard name.hasPrefix("."), parts.count >= 3, let process = Int32(parts[parts.count - 2]) else { return false }
    if parts[parts.count - 3] == Writer.place, !Writer.isAlive(process) { return true }
    var file = stat()
    guard lstat(path, &file) == 0 else { return false }
    return Date().timeIntervalSince1970 - Double(file.st_mtim.tv_sec) > patience
  }
}
