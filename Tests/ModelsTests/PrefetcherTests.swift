import Basics
import Foundation
import Models
import Testing

@Suite struct PrefetcherTests {
  struct Broken: Error {}

  @Test(arguments: [0, 1, 4]) func handsOutInOrder(_ workers: Int) throws {
    let prefetcher = Prefetcher(count: 50, workers: workers, depth: 3) { index in
      if index % 7 == 0 { Thread.sleep(forTimeInterval: 0.001) }
      return index * index
    }
    var values: [Int] = []
    while let value = try prefetcher.next() { values.append(value) }
    #expect(values == (0..<50).map { $0 * $0 })
    #expect(try prefetcher.next() == nil)
  }

  @Test(arguments: [0, 2]) func throwsWhereTheElementWouldBe(_ workers: Int) throws {
    let prefetcher = Prefetcher(count: 5, workers: workers) { index in
      if index == 2 { throw Broken() }
      return index
    }
    #expect(try prefetcher.next() == 0)
    #expect(try prefetcher.next() == 1)
    #expect(throws: Broken.self) { try prefetcher.next() }
    #expect(try prefetcher.next() == 3)
  }

  /// No element is made further ahead than the depth allows.
  @Test func staysWithinItsDepth() throws {
    final class Counter: @unchecked Sendable {
      let lock = NSLock()
      var made = 0
      func add() { lock.withLock { made += 1 } }
      var value: Int { lock.withLock { made } }
    }
    let counter = Counter()
    let prefetcher = Prefetcher(count: 100, workers: 2, depth: 5) { index in
      counter.add()
      return index
    }
    #expect(try prefetcher.next() == 0)
    Thread.sleep(forTimeInterval: 0.05)
    #expect(counter.value <= 6)
    #expect(prefetcher.waitedSeconds >= 0)
  }

  @Test func nothingToMake() throws {
    let prefetcher = Prefetcher(count: 0, workers: 2) { $0 }
    #expect(try prefetcher.next() == nil)
  }
}
