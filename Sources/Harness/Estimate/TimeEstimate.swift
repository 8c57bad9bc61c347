import Foundation

/// The time that what is left of an experiment is expected to take on this machine.
public struct TimeEstimate: Codable, Sendable, Equatable {
  /// Seconds of all extractions, which use all cores one after the other.
  public let features: Double
  /// Seconds until the last of the worker processes that train side by side has ended, evaluation included.
  public let training: Double
  /// Extractions and cells that nothing is known about: no like one ever ran, and they cannot be probed.
  public let unknown: Int
  /// Whether all rates come from runs; otherwise some come from probes, which know nothing of early stopping.
  public let isFromRuns: Bool

  public var total: Double { features + training }

  /// What one extraction or one cell's trainings cost.
  public struct Cost: Sendable, Equatable {
    public let seconds: Double
    public let isFromRun: Bool

    public init(seconds: Double, isFromRun: Bool) { (self.seconds, self.isFromRun) = (seconds, isFromRun) }
  }

  /// - Parameters:
  ///   - extractions: nil where nothing is known.
  ///   - cells: all seeds of a cell, which one worker trains; in the order in which they are taken.
  ///   - jobs: workers.
  public init(extractions: [Cost?], cells: [Cost?], jobs: Int) {
    let known = (extractions + cells).compactMap { $0 }
    features = extractions.reduce(0) { $0 + ($1?.seconds ?? 0) }
    training = Self.makespan(cells.map { $0?.seconds ?? 0 }, jobs: jobs)
    unknown = extractions.count + cells.count - known.count
    isFromRuns = known.allSatisfy(\.isFromRun)
  }

  /// When the last of `jobs` workers ends, each taking the next cell when it is free.
  static func makespan(_ seconds: [Double], jobs: Int) -> Double {
    var ends = [Double](repeating: 0, count: max(1, jobs))
    for cost in seconds {
      guard let first = ends.indices.min(by: { ends[$0] < ends[$1] }) else { break }
      ends[first] += cost
    }
    return ends.max() ?? 0
  }

  /// Such as `expected: about 3 min (features 40 s, training 2 min 20 s)`; nil when there is nothing to do.
  public var text: String? {
    guard total > 0 || unknown > 0 else { return nil }
    var parts: [String] = []
    if features > 0 { parts.append("features \(Self.duration(features))") }
    if training > 0 { parts.append("training and evaluation \(Self.duration(training))") }
    if unknown > 0 { parts.append("without \(unknown) part(s) of which nothing is known before one has run") }
    if total > 0, !isFromRuns { parts.append("in part from probes, with all epochs") }
    return "expected: \(total > 0 ? "about \(Self.duration(total))" : "unknown") (\(parts.joined(separator: ", ")))"
  }

  /// Two figures at most: `0.4 s`, `35 s`, `2 min 20 s`, `3 h 5 min`, `2 d 4 h`.
  static func duration(_ seconds: Double) -> String {
    if seconds < 9.95 { return String(format: "%.1f s", seconds) }
    let whole = Int(seconds.rounded())
    for (size, name, part, partName) in [(86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")]
    where whole >= size {
      let rest = whole % size / part
      return rest > 0 ? "\(whole / size) \(name) \(rest) \(partName)" : "\(whole / size) \(name)"
    }
    return "\(whole) s"
  }
}
