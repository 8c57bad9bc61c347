import Basics

/// Batches in which every item that has a relevant partner in the split also has one in the batch.
///
/// Items come in seeded random order; each is followed by up to `groupSize − 1` of its relevant items, those not yet
/// seen this epoch first. Every item comes up at least once an epoch, unless it falls into a last batch of no more
/// than one group, which has nothing to compare and is dropped.
public struct BalancedSampler: Sendable {
  public let batchSize: Int
  /// An anchor and its partners.
  public let groupSize: Int

  public init(batchSize: Int, groupSize: Int = 4) {
    self.batchSize = max(2, batchSize)
    self.groupSize = max(2, min(groupSize, self.batchSize))
  }

  /// Row indices of each batch of one epoch; no row twice in a batch.
  public func batches(relevant: [[Int]], generator: inout SeededGenerator) -> [[Int]] {
    let partners = Self.symmetric(relevant)
    var isSeen = [Bool](repeating: false, count: relevant.count)
    var batches: [[Int]] = []
    var batch: [Int] = []
    for anchor in relevant.indices.shuffled(using: &generator) where !isSeen[anchor] {
      if batch.count + groupSize > batchSize, !batch.isEmpty {
        batches.append(batch)
        batch = []
      }
      batch.append(anchor)
      let shuffled = partners[anchor].shuffled(using: &generator)
      let ordered = shuffled.filter { !isSeen[$0] } + shuffled.filter { isSeen[$0] }
      batch += ordered.filter { !batch.contains($0) }.prefix(groupSize - 1)
      for row in batch { isSeen[row] = true }
    }
    if batch.count > groupSize || batches.isEmpty, !batch.isEmpty { batches.append(batch) }
    return batches
  }

  /// Partners of each item in either direction, without itself, ascending.
  private static func symmetric(_ relevant: [[Int]]) -> [[Int]] {
    var sets = relevant.map { Set($0) }
    for (item, list) in relevant.enumerated() {
      for other in list { sets[other].insert(item) }
    }
    return sets.enumerated().map { item, set in set.subtracting([item]).sorted() }
  }
}
