import Foundation

/// Where derived files live.
public enum CacheRoot {
  /// `$IEUM_CACHE`, or `~/.cache/ieum`.
  public static func path(environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
    if let path = environment["IEUM_CACHE"], !path.isEmpty { return path }
    return (environment["HOME"] ?? NSHomeDirectory()) + "/.cache/ieum"
  }
}
