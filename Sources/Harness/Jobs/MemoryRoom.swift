import Foundation

/// The memory that new processes may still take: the machine's, and what the control groups leave of it.
public struct MemoryRoom {
  private let root: String

  /// - Parameter root: what stands before `/proc` and `/sys`; tests put a folder there.
  public init(root: String = "") { self.root = root }

  /// Bytes; nil where nothing is known.
  public var available: Int? { ([machine] + groups).compactMap { $0 }.min() }

  private func text(_ path: String) -> String? { try? String(contentsOfFile: root + path, encoding: .utf8) }

  private func number(_ path: String) -> Int? {
    text(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  private var machine: Int? {
    Self.field("MemAvailable:", of: text("/proc/meminfo") ?? "").map { $0 * 1024 }
  }

  /// What each group that this process belongs to leaves: an inner one may not exceed what an outer one has.
  private var groups: [Int?] {
    (text("/proc/self/cgroup") ?? "").split(separator: "\n").flatMap { line -> [Int?] in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 3 else { return [] }
      if parts[1].isEmpty {
        return Self.prefixes(of: parts[2]).map {
          room("/sys/fs/cgroup\($0)", limit: "memory.max", used: "memory.current", cached: "inactive_file")
        }
      }
      guard parts[1].split(separator: ",").contains("memory") else { return [] }
      return Self.prefixes(of: parts[2]).map {
        room(
          "/sys/fs/cgroup/memory\($0)", limit: "memory.limit_in_bytes", used: "memory.usage_in_bytes",
          cached: "total_inactive_file")
      }
    }
  }

  /// Nil where the group has no limit. File pages that nobody uses are given back when memory is asked for.
  private func room(_ folder: String, limit: String, used: String, cached: String) -> Int? {
    guard let limit = number("\(folder)/\(limit)"), let used = number("\(folder)/\(used)") else { return nil }
    let reclaimable = Self.field(cached, of: text("\(folder)/memory.stat") ?? "") ?? 0
    return max(0, limit - used + reclaimable)
  }

  /// `/`, `/a` and `/a/b` of `/a/b`, as they follow a mount point.
  private static func prefixes(of path: String) -> [String] {
    path.split(separator: "/").reduce(into: [""]) { $0.append($0[$0.count - 1] + "/" + $1) }
  }

  private static func field(_ name: String, of text: String) -> Int? {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count >= 2, words[0] == name { return Int(words[1]) }
    }
    return nil
  }
}

/// How many processes compute at a time.
public enum JobCount {
  /// At most `jobs`, and no more than the memory holds, whichever cells meet: the hungriest ones must fit together. One
  /// always runs.
  /// - Parameters:
  ///   - peaks: the most memory that each cell takes, in bytes.
  ///   - available: bytes; nil = unknown, no limit.
  public static func fitting(_ jobs: Int, peaks: [Int], available: Int?) -> Int {
    let wanted = min(jobs, peaks.count)
    guard let available else { return max(1, wanted) }
    var (room, count) = (available, 0)
    for peak in peaks.sorted(by: >).prefix(wanted) {
      guard peak <= room else { break }
      room -= peak
      count += 1
    }
    return max(1, count)
  }
}
