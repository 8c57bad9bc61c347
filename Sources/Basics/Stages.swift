import Foundation

/// A part of a piece of work, under a name.
public struct Stage: Sendable, Equatable {
  public var name: String
  public var seconds: Double
  /// The floating-point operations in it; 0 where they are not counted.
  public var operations: Double

  public init(_ name: String, seconds: Double, operations: Double = 0) {
    (self.name, self.seconds, self.operations) = (name, seconds, operations)
  }
}

/// Where the time of a measured piece of work goes, stage by stage. Off, and as good as free, unless a benchmark asks.
public enum Stages {
  private static let clock = StageClock()

  /// Whether anybody wants to know.
  public static var isOn: Bool { clock.isOn }

  /// Carries out a stage of the work at hand. Stages follow one another: none stands within another.
  /// - Parameters:
  ///   - operations: the floating-point operations in it.
  ///   - threads: how many threads do such stages side by side; each counts for its share of the time.
  public static func time<Result>(
    _ stage: String, operations: Double = 0, threads: Int = 1, _ body: () throws -> Result
  ) rethrows -> Result {
    guard isOn else { return try body() }
    let start = ContinuousClock.now
    defer {
      let seconds = (ContinuousClock.now - start) / .seconds(1) / Double(threads)
      add(Stage(stage, seconds: seconds, operations: operations))
    }
    return try body()
  }

  /// Adds a stage that was timed elsewhere.
  public static func add(_ stage: Stage) { clock.add(stage) }

  /// The stages of `body`, in the order in which they first came.
  public static func during<Result>(_ body: () throws -> Result) rethrows -> (result: Result, stages: [Stage]) {
    clock.start()
    defer { clock.stop() }
    let result = try body()
    return (result, clock.stages)
  }
}

extension [Stage] {
  /// Stages of the same name put together, in the order in which they first come.
  public var merged: [Stage] {
    var places: [String: Int] = [:]
    var result: [Stage] = []
    for stage in self {
      if let place = places[stage.name] {
        result[place].seconds += stage.seconds
        result[place].operations += stage.operations
      } else {
        places[stage.name] = result.count
        result.append(stage)
      }
    }
    return result
  }
}

private final class StageClock: @unchecked Sendable {
  private let lock = NSLock()
  private var running = false
  private var order: [String] = []
  private var sums: [String: Stage] = [:]

  var isOn: Bool { lock.withLock { running } }

  var stages: [Stage] { lock.withLock { order.compactMap { sums[$0] } } }

  func start() { lock.withLock { (running, order, sums) = (true, [], [:]) } }

  func stop() { lock.withLock { running = false } }

  func add(_ stage: Stage) {
    lock.withLock {
      guard running else { return }
      if sums[stage.name] == nil { order.append(stage.name) }
      sums[stage.name, default: Stage(stage.name, seconds: 0)].seconds += stage.seconds
      sums[stage.name]?.operations += stage.operations
    }
  }
}
