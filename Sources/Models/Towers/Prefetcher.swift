import Foundation

/// Makes elements in the background, a few ahead of the one that is asked for, and hands them out in order.
///
/// What an element is must depend on its index alone, so that neither the number of workers nor their speed changes a run.
public final class Prefetcher<Element: Sendable> {
  private let queue: PrefetchQueue<Element>
  private let synchronous: (@Sendable (Int) throws -> Element)?
  private let count: Int
  private var taken = 0
  /// Seconds that ``next()`` has waited for elements that were not ready.
  public private(set) var waitedSeconds = 0.0

  /// - Parameters:
  ///   - count: elements in all.
  ///   - workers: background threads; 0 = make each element when it is asked for.
  ///   - depth: most elements that are made or in the making ahead of the consumer.
  public init(
    count: Int, workers: Int, depth: Int = 4, make: @escaping @Sendable (Int) throws -> Element
  ) {
    self.count = count
    queue = PrefetchQueue(count: count, depth: max(1, depth), make: make)
    synchronous = workers > 0 ? nil : make
    for _ in 0..<max(0, min(workers, count)) {
      let queue = queue
      let thread = Thread { queue.work() }
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  deinit { queue.cancel() }

  /// The next element; nil after the last.
  /// - Throws: what making it threw.
  public func next() throws -> Element? {
    guard taken < count else { return nil }
    let start = ContinuousClock.now
    defer { waitedSeconds += (ContinuousClock.now - start) / .seconds(1) }
    let index = taken
    taken += 1
    if let synchronous { return try synchronous(index) }
    return try queue.take(index)
  }
}

/// What workers and consumer share. Every access to the state is under the condition's lock.
private final class PrefetchQueue<Element: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private let count: Int
  private let depth: Int
  private let make: @Sendable (Int) throws -> Element
  private var ready: [Int: Result<Element, any Error>] = [:]
  private var claimed = 0
  private var taken = 0
  private var isCancelled = false

  init(count: Int, depth: Int, make: @escaping @Sendable (Int) throws -> Element) {
    (self.count, self.depth, self.make) = (count, depth, make)
  }

  func work() {
    while let index = claim() {
      let result = Result { try make(index) }
      condition.withLock {
        ready[index] = result
        condition.broadcast()
      }
    }
  }

  private func claim() -> Int? {
    condition.withLock {
      while !isCancelled, claimed < count, claimed >= taken + depth { condition.wait() }
      guard !isCancelled, claimed < count else { return nil }
      claimed += 1
      return claimed - 1
    }
  }

  func take(_ index: Int) throws -> Element {
    try condition.withLock {
      while ready[index] == nil { condition.wait() }
      taken = index + 1
      condition.broadcast()
      guard let result = ready.removeValue(forKey: index) else { preconditionFailure("element \(index) is ready") }
      return try result.get()
    }
  }

  func cancel() {
    condition.withLock {
      isCancelled = true
      condition.broadcast()
    }
  }
}
