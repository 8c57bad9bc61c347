import Dispatch
import Foundation

/// A pointer handed to workers that touch disjoint parts of what it points to.
struct UncheckedPointer<T>: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<T>
  init(_ pointer: UnsafeMutablePointer<T>) { self.pointer = pointer }
}

/// Splits index ranges over the cores.
enum Parallel {
  static var workers: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }

  /// Calls `body` once for every worker with its part of `0..<count` and its number; the parts do not overlap.
  static func parts(of count: Int, _ body: @Sendable (_ worker: Int, _ range: Range<Int>) -> Void) {
    let workers = min(self.workers, max(count, 1))
    if workers == 1 { return body(0, 0..<count) }
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      body(worker, (count * worker / workers)..<(count * (worker + 1) / workers))
    }
  }

  /// Calls `body` with small pieces of `0..<count`, so that uneven work spreads evenly.
  static func chunks(of count: Int, _ body: @Sendable (Range<Int>) -> Void) {
    let pieces = min(count, workers * 8)
    if pieces <= 1 { return body(0..<count) }
    DispatchQueue.concurrentPerform(iterations: pieces) { piece in
      body((count * piece / pieces)..<(count * (piece + 1) / pieces))
    }
  }
}
