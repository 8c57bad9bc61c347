import Foundation

/// Where the time of a measured piece of work goes, stage by stage. Off, and as good as free, unless a benchmark asks.
public enum Stages {
  private static let clock = StageClock()

  /// Whether anybody wants to know.
  public static var isOn: Bool { clock.isOn }

  /// Carries out a stage of the work at hand. Stages follow one another: none stands within another.
  public static func time<Result>(_ stage: String, _ body: () throws -> Result) rethrows -> Result {
    guard isOn else { return try body() }
    let start = ContinuousClock.now
    defer { add(stage, seconds: (ContinuousClock.now - start) / .seconds(1)) }
    return try body()
  }

  /// Adds a stage that was timed elsewhere.
  public static func add(_ stage: String, seconds: Double) { clock.add(stage, seconds) }

  /// The stages of `body` with their seconds, in the order in which they first came.
  public static func during<Result>(
    _ body: () throws -> Result
  ) rethrows -> (result: Result, stages: [(name: String, seconds: Double)]) {
    clock.start()
    defer { clock.stop() }
    let result = try body()
    return (result, clock.stages)
  }
}

private final class StageClock: @unchecked Sendable {
  private let lock = NSLock()
  private var running = false
  private var order: [String] = []
  private var seconds: [String: Double] = [:]

  var isOn: Bool { lock.withLock { running } }

  var stages: [(name: String, seconds: Double)] { lock.withLock { order.map { ($0, seconds[$0] ?? 0) } } }

  func start() { lock.withLock { (running, order, seconds) = (true, [], [:]) } }

  func stop() { lock.withLock { running = false } }

  func add(_ stage: String, _ time: Double) {
    lock.withLock {
      guard running else { return }
      if seconds[stage] == nil { order.append(stage) }
      seconds[stage, default: 0] += time
    }
  }
}
