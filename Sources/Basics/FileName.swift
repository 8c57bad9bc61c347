/// The parts of a file's name, for names that come from anywhere: Foundation's own functions never return for some of
/// those that hold zero bytes.
public enum FileName {
  /// What follows the last dot of the last component, in lower case: `a/clip.final.MP4` → `mp4`. Empty where there is no
  /// dot, or only one at the beginning.
  public static func suffix(_ path: String) -> String {
    dot(in: path).map { path[path.index(after: $0)...].lowercased() } ?? ""
  }

  /// The path without its suffix and the dot before it.
  public static func stem(_ path: String) -> String { dot(in: path).map { String(path[..<$0]) } ?? path }

  private static func dot(in path: String) -> String.Index? {
    let name = path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return nil }
    return dot
  }
}
