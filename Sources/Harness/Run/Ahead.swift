import Foundation

/// Makes values on background threads, at most a window of them ahead of their use, and hands them out in order.
///
/// The makers run at low priority: where they and the consumer want the same cores the consumer goes first, and the
/// makers live on what it leaves. Used from one thread.
final class Ahead<Job: Sendable, Value: Sendable> {
  private let line: Line

  /// - Parameters:
  ///   - window: values made but not yet taken.
  ///   - makers: threads; all cores by default.
  init(
    _ jobs: [Job], window: Int, makers: Int = ProcessInfo.processInfo.activeProcessorCount,
    _ make: @escaping @Sendable (Job) -> Value
  ) {
    line = Line(jobs, window: max(1, window), make)
    for _ in 0..<min(makers, jobs.count) {
      let line = line
      let thread = Thread {
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
        line.work()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  deinit { line.close() }

  /// The next value, in the order of the jobs; nil after the last.
  func next() -> Value? { line.take() }

  /// Seconds that ``next()`` waited for a value, and that each maker on average waited for room, so far.
  var waited: (consumer: Double, makers: Double) { line.waited }

  /// What the threads share, all of it under the condition's lock.
  private final class Line: @unchecked Sendable {
    private let jobs: [Job]
    private let window: Int
    private let make: @Sendable (Job) -> Value
    private let condition = NSCondition()
    private var made: [Int: Value] = [:]
    private var (begun, taken) = (0, 0)
    private var isClosed = false
    private var consumerSeconds = 0.0, makerSeconds = 0.0
    private var makers = 0

    init(_ jobs: [Job], window: Int, _ make: @escaping @Sendable (Job) -> Value) {
      (self.jobs, self.window, self.make) = (jobs, window, make)
    }

    func work() {
      condition.lock()
      makers += 1
      while let index = claim() {
        condition.unlock()
        let value = make(jobs[index])
        condition.lock()
        made[index] = value
        condition.broadcast()
      }
      condition.unlock()
    }

    /// The next job, once there is room for its value; called with the lock.
    private func claim() -> Int? {
      let start = ContinuousClock.now
      while !isClosed, begun < jobs.count, begun >= taken + window { condition.wait() }
      makerSeconds += (ContinuousClock.now - start) / .seconds(1)
      guard !isClosed, begun < jobs.count else { return nil }
      defer { begun += 1 }
      return begun
    }

    func take() -> Value? {
      condition.lock()
      defer { condition.unlock() }
      guard taken < jobs.count else { return nil }
      let start = ContinuousClock.now
      while made[taken] == nil { condition.wait() }
      consumerSeconds += (ContinuousClock.now - start) / .seconds(1)
      defer {
        taken += 1
        condition.broadcast()
      }
      return made.removeValue(forKey: taken)
    }

    func close() {
      condition.lock()
      isClosed = true
      condition.broadcast()
      condition.unlock()
    }

    var waited: (consumer: Double, makers: Double) {
      condition.lock()
      defer { condition.unlock() }
      return (consumerSeconds, makerSeconds / Double(max(1, makers)))
    }
  }
}

/// Where the time of an extraction went, for the log.
struct WaitingShares {
  private let start = ContinuousClock.now
  private var encoder = 0.0, writing = 0.0
  /// Nil where nothing is decoded ahead of the encoder.
  private var decoders: Double?

  mutating func waited<Job, Value>(_ ahead: Ahead<Job, Value>) {
    (encoder, decoders) = (encoder + ahead.waited.consumer, (decoders ?? 0) + ahead.waited.makers)
  }

  /// Input made by the encoder's own thread.
  mutating func read<Result>(_ body: () throws -> Result) rethrows -> Result {
    let begin = ContinuousClock.now
    defer { encoder += (ContinuousClock.now - begin) / .seconds(1) }
    return try body()
  }

  mutating func write<Result>(_ body: () throws -> Result) rethrows -> Result {
    let begin = ContinuousClock.now
    defer { writing += (ContinuousClock.now - begin) / .seconds(1) }
    return try body()
  }

  /// A line such as `945 item(s) in 21.3 s; the encoder waited 2 % of it for decoding and 1 % for writing, …`.
  func summary(items: Int) -> String {
    let total = max((ContinuousClock.now - start) / .seconds(1), 1e-9)
    func share(_ seconds: Double) -> Int { Int((100 * seconds / total).rounded()) }
    return String(format: "%d item(s) in %.1f s", items, total)
      + "; the encoder waited \(share(encoder)) % of it for decoding and \(share(writing)) % for writing"
      + (decoders.map { ", decoding \(share($0)) % for the encoder" } ?? "")
  }
}
