import Basics

/// Which frames of a film are looked at.
public enum FrameSampling: Sendable, Hashable, CustomStringConvertible {
  /// The frames shown at the centres of n equal stretches of time; at a constant rate ⌊(i + ½)·F/n⌋. Frames
  /// repeat where the film has fewer than n.
  case uniform(Int)
  /// One frame a second, of these m the ⌊linspace(0, m − 1, n)⌋-th (Luo et al. 2021, "CLIP4Clip"). Always n
  /// frames: where CLIP4Clip pads short films with blank frames and masks them, frames repeat here.
  case clip4clip(Int)
  /// The frames shown at 0, 1/r, 2/r … seconds after the first: as many as the film is long.
  case rate(Double)

  /// - Parameters:
  ///   - name: `uniform`, `clip4clip` or `fps=r`.
  ///   - frames: n.
  /// - Throws: ``IeumError`` (usage) for another name, n < 1 or a rate that is not positive.
  public init(name: String, frames: Int) throws {
    guard frames > 0 else {
      throw IeumError(
        .usage, "\(frames) frames cannot be sampled", place: "--frames", remedy: "give at least 1")
    }
    switch name {
    case "uniform": self = .uniform(frames)
    case "clip4clip": self = .clip4clip(frames)
    default:
      guard name.hasPrefix("fps=") else {
        throw Suggestion.unknown(
          "sampling", name, known: ["uniform", "clip4clip", "fps=1"], place: "--sampling")
      }
      guard let rate = Double(name.dropFirst(4)), rate > 0, rate.isFinite else {
        throw IeumError(
          .usage, "'\(name)' is not a rate", place: "--sampling",
          remedy: "write frames per second, as in fps=1 or fps=0.5")
      }
      self = .rate(rate)
    }
  }

  /// As the command line has it, with n.
  public var description: String {
    switch self {
    case .uniform(let n): "uniform frames=\(n)"
    case .clip4clip(let n): "clip4clip frames=\(n)"
    case .rate(let rate): "fps=\(rate)"
    }
  }

  /// The sampled frames, rising, with repetitions.
  public func frames(of table: FrameTable) -> [Int] {
    switch self {
    case .uniform(let n):
      let count = table.count
      if table.hasConstantRate { return (0..<n).map { (2 * $0 + 1) * count / (2 * n) } }
      return (0..<n).map { table.frame(at: (Double($0) + 0.5) * Double(table.length) / Double(n)) }
    case .clip4clip(let n):
      let seconds = FrameSampling.rate(1).frames(of: table)
      return FrameSampling.spread(n, over: seconds.count).map { seconds[$0] }
    case .rate(let rate):
      // Half a tick of slack: timestamps are rounded to ticks, the times asked for are not.
      let ticks = 1 / (rate * table.tick)
      let count = max(1, Int((Double(table.length) / ticks - 1e-6).rounded(.up)))
      return (0..<count).map { table.frame(at: Double($0) * ticks + 0.5) }
    }
  }

  /// ⌊linspace(0, m − 1, n)⌋ in exact arithmetic.
  static func spread(_ n: Int, over m: Int) -> [Int] {
    n == 1 ? [0] : (0..<n).map { $0 * (m - 1) / (n - 1) }
  }
}
