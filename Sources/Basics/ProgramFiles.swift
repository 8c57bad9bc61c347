import Foundation

/// The running program, and what was built with it and lies beside it.
public enum ProgramFiles {
  /// Its path, with links resolved.
  public static var path: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
  }

  public static var folder: String { (path as NSString).deletingLastPathComponent }

  /// Seconds since 1970 of the last change of the program and of its own libraries, which are built each by itself.
  public static var built: [Int] {
    let beside = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let libraries = beside.filter { $0.hasPrefix("libieum-") && $0.hasSuffix(".so") }.sorted()
    return ([path] + libraries.map { "\(folder)/\($0)" }).map { modified($0) ?? 0 }
  }

  /// Seconds since 1970 of a file's last change; nil where there is no file.
  public static func modified(_ path: String) -> Int? {
    var file = stat()
    return stat(path, &file) == 0 && file.st_mode & S_IFMT == S_IFREG ? file.st_mtim.tv_sec : nil
  }
}
