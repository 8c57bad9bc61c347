import Dispatch
import Foundation

/// Spreads work over the cores.
public enum Parallel {
  /// Threads that work at a time: all cores, or fewer where the process was told so.
  public static var workers: Int { limit.withLock { $0 } ?? max(1, ProcessInfo.processInfo.activeProcessorCount) }

  private static let limit = Limit()

  /// Keeps this process to so many threads from now on.
  public static func use(threads: Int) { limit.withLock { $0 = max(1, threads) } }

  /// Calls `body` once for every worker with its part of `0..<count` and its number; the parts do not overlap.
  /// - Parameter most: no more workers than these.
  public static func parts(
    of count: Int, most: Int = .max, _ body: @Sendable (_ worker: Int, _ range: Range<Int>) -> Void
  ) {
    let workers = min(self.workers, most, max(count, 1))
    if workers == 1 { return body(0, 0..<count) }
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      body(worker, (count * worker / workers)..<(count * (worker + 1) / workers))
    }
  }

  /// Calls `body` with small pieces of `0..<count`, so that uneven work spreads evenly.
  public static func chunks(of count: Int, _ body: @Sendable (Range<Int>) -> Void) {
    let pieces = min(count, workers * 8)
    if workers == 1 || pieces <= 1 { return body(0..<count) }
    DispatchQueue.concurrentPerform(iterations: pieces) { piece in
      body((count * piece / pieces)..<(count * (piece + 1) / pieces))
    }
  }

  /// Results in the order of the inputs.
  public static func map<T, U>(_ inputs: [T], _ body: (T) -> U) -> [U] {
    if workers == 1 { return inputs.map(body) }
    let slots = UnsafeMutableBufferPointer<U?>.allocate(capacity: inputs.count)
    slots.initialize(repeating: nil)
    defer {
      slots.deinitialize()
      slots.deallocate()
    }
    // Each slot is written by one iteration only, so no lock is needed.
    nonisolated(unsafe) let (unsafeSlots, unsafeInputs, unsafeBody) = (slots, inputs, body)
    DispatchQueue.concurrentPerform(iterations: inputs.count) { unsafeSlots[$0] = unsafeBody(unsafeInputs[$0]) }
    return slots.compactMap { $0 }
  }
}

/// The number of threads that the process was told to use, if it was.
private final class Limit: @unchecked Sendable {
  private let lock = NSLock()
  private var value: Int?

  func withLock<T>(_ body: (inout Int?) -> T) -> T {
    lock.lock()
    defer { lock.unlock() }
    return body(&value)
  }
}
