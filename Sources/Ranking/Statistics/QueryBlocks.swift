/// Which queries stand or fall together: captions of one video or image are no independent draws, so a bootstrap
/// resamples, and a randomisation test swaps, whole blocks of them.
public struct QueryBlocks: Sendable, Equatable {
  /// The block of each query, numbered from 0 in the order of first appearance. `[Q]`
  public let blockOf: [Int]
  public let count: Int

  /// - Parameter labels: any number per query; equal numbers share a block. `[Q]`
  public init(labels: [Int]) {
    var numbers: [Int: Int] = [:]
    blockOf = labels.map { label in
      if let known = numbers[label] { return known }
      numbers[label] = numbers.count
      return numbers.count - 1
    }
    count = numbers.count
  }

  /// Every query a block of its own.
  public init(separate queries: Int) {
    blockOf = Array(0..<queries)
    count = queries
  }

  /// With further queries, each a block of its own.
  func extended(to queries: Int) -> QueryBlocks {
    let more = max(0, queries - blockOf.count)
    return more == 0 ? self : QueryBlocks(labels: blockOf + (0..<more).map { count + $0 })
  }

  public var isTrivial: Bool { count == blockOf.count }

  /// Queries whose one relevant item is the same (several captions of one video) share a block. Where queries have
  /// several relevant items, or leave one out (item to item), each is its own: equal labels do not make one picture.
  init(indptr: [Int], indices: [Int], hasExclude: Bool) {
    let queries = indptr.count - 1
    guard !hasExclude else {
      self.init(separate: queries)
      return
    }
    // Items are numbered from 0: negative labels cannot collide with them.
    self.init(labels: (0..<queries).map { indptr[$0 + 1] - indptr[$0] == 1 ? indices[indptr[$0]] : -1 - $0 })
  }

  /// Sums of per-query values over the blocks. `[count]`
  func sums(_ values: [Double]) -> [Double] {
    var sums = [Double](repeating: 0, count: count)
    for (query, value) in values.enumerated() { sums[blockOf[query]] += value }
    return sums
  }
}
