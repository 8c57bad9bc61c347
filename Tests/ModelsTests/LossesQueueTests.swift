import Basics
import Models
import Tensors
import Testing

@Suite struct LossesQueueTests {
  static func rows(_ values: [Double]) throws -> Tensor { try Tensor(values, shape: [values.count, 1]) }

  @Test func theOldestPairsGoFirst() throws {
    let queue = MemoryQueue(capacity: 3)
    #expect(queue.pairs(for: [0]) == nil)
    try queue.push(anchors: Self.rows([1, 2]), positives: Self.rows([-1, -2]), groups: [10, 20])
    try queue.push(anchors: Self.rows([3, 4]), positives: Self.rows([-3, -4]), groups: [30, 40])
    let queued = try #require(queue.pairs(for: [30, 50]))
    #expect(try queued.anchors.doubles() == [2, 3, 4])
    #expect(try queued.positives.doubles() == [-2, -3, -4])
    #expect(queue.groups == [20, 30, 40])
    // A pair is no negative of its own group.
    #expect(queued.isNegative == [true, false, true, true, true, true])
  }

  @Test func aCapacityOfZeroKeepsNothing() throws {
    let queue = MemoryQueue(capacity: 0)
    try queue.push(anchors: Self.rows([1]), positives: Self.rows([1]), groups: [1])
    #expect(queue.count == 0 && queue.pairs(for: [2]) == nil)
  }

  @Test func aBatchLargerThanTheQueueLeavesItsEnd() throws {
    let queue = MemoryQueue(capacity: 2)
    try queue.push(anchors: Self.rows([1, 2, 3]), positives: Self.rows([4, 5, 6]), groups: [1, 2, 3])
    #expect(try queue.pairs(for: [0])?.positives.doubles() == [5, 6])
    #expect(throws: IeumError.self) {
      try queue.push(anchors: Self.rows([1, 2]), positives: Self.rows([1]), groups: [1, 2])
    }
  }

  @Test func queuedEmbeddingsGetNoGradient() throws {
    let queue = MemoryQueue(capacity: 4)
    let old = try Self.rows([0.5, 0.9])
    old.requiresGrad = true
    try queue.push(anchors: old * 2, positives: old * 3, groups: [1, 2])
    let row = try Self.rows([0.7])
    row.requiresGrad = true
    let loss = try LossRegistry.named("sum-hinge").loss(["similarity": .string("dot"), "margin": .double(5)])
    let value = try loss(
      .pairs(anchors: row, positives: row * 1, negatives: .offDiagonal(1), queue: queue.pairs(for: [9])))
    try value.backward()
    #expect(old.grad == nil)
    // 5 + 0.7·1.5 − 0.49 and 5 + 0.7·2.7 − 0.49.
    #expect(try isClose(value.doubles()[0], 10 + 0.7 * 4.2 - 0.98))
    #expect(try isClose(row.grad?.doubles().first ?? .nan, 4.2 - 2 * 1.4))
  }

  @Test func otherGroupsAreTheNegatives() {
    let mask = NegativeMask.otherGroups([7, 8, 7])
    #expect(mask.isNegative == [false, true, false, true, false, true, false, true, false])
  }
}
