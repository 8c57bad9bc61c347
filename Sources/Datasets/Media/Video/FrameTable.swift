/// When the frames of a film are shown, without any of them decoded.
public struct FrameTable: Sendable, Hashable {
  /// When each frame begins to be shown, in ticks from the file's beginning, strictly rising; never empty.
  public let times: [Int64]
  /// Ticks for which the last frame is shown, > 0.
  public let lastDuration: Int64
  /// Seconds per tick.
  public let tick: Double

  public init(times: [Int64], lastDuration: Int64, tick: Double) {
    precondition(
      !times.isEmpty && lastDuration > 0 && tick > 0, "\(times.count) frames, \(lastDuration) × \(tick) s")
    self.times = times
    self.lastDuration = lastDuration
    self.tick = tick
  }

  public var count: Int { times.count }

  /// Ticks from the first frame to the end of the last.
  var length: Int64 { times[count - 1] - times[0] + lastDuration }

  /// Seconds from the first frame to the end of the last.
  public var duration: Double { Double(length) * tick }

  /// When a frame begins to be shown, in seconds from the file's beginning.
  public func time(of frame: Int) -> Double { Double(times[frame]) * tick }

  /// Whether the frames follow one another at one rate, up to the rounding of timestamps to ticks.
  public var hasConstantRate: Bool {
    guard count > 2 else { return true }
    let step = Double(times[count - 1] - times[0]) / Double(count - 1)
    return times.indices.allSatisfy { abs(Double(times[$0] - times[0]) - Double($0) * step) <= 1 }
  }

  /// The frame that is shown `ticks` after the first one began; the first or last outside the film.
  func frame(at ticks: Double) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if Double(times[middle] - times[0]) <= ticks { low = middle + 1 } else { high = middle }
    }
    return max(0, low - 1)
  }
}
