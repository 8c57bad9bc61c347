import Foundation
import Synchronization

/// Carries out jobs in their order on a background thread, at most a few of them behind. Used from one thread.
///
/// After a job has failed no other runs; the error comes with the next call.
final class Behind {
  private let queue = DispatchQueue(label: "ieum.behind")
  private let room: DispatchSemaphore
  private let failure = Failure()

  /// - Parameter most: jobs that wait or run before ``add(_:)`` waits too.
  init(most: Int = 4) { room = DispatchSemaphore(value: max(1, most)) }

  /// - Throws: what an earlier job threw.
  func add(_ job: @escaping @Sendable () throws -> Void) throws {
    try failure.check()
    room.wait()
    queue.async { [room, failure] in
      failure.unlessFailed(job)
      room.signal()
    }
  }

  /// Waits until all jobs are done.
  /// - Throws: what one of them threw.
  func finish() throws {
    drain()
    try failure.check()
  }

  /// The same where an error is on its way already.
  func drain() { queue.sync {} }

  private final class Failure: Sendable {
    private let error = Mutex<(any Error)?>(nil)

    func check() throws { if let error = error.withLock({ $0 }) { throw error } }

    func unlessFailed(_ job: () throws -> Void) {
      do {
        try check()
        try job()
      } catch {
        self.error.withLock { $0 = $0 ?? error }
      }
    }
  }
}
