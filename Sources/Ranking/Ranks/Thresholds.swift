import Basics
/// The scores of the relevant items of every query, grouped into levels: computed first, counted against later.
struct Thresholds {
  /// Levels of query q: `offsets[q]..<offsets[q + 1]`.
  var offsets: [Int] = [0]
  /// Deciding key of each level, strictly descending within a query.
  var keys: [Double] = []
  /// The same in the unit of a tile's scores, descending.
  var thresholds: [Double] = []
  /// Relevant items at the level, and strictly above it.
  var relevant: [Int] = []
  var relevantAbove: [Int] = []

  /// - Parameters:
  ///   - rows: how many queries (rows of the counting side) there are.
  ///   - relevance: CSR over them.
  ///   - allLevels: false keeps only each row's best level.
  ///   - pair: (row, relevant item) → deciding key and tile threshold.
  init(
    rows: Int, relevance: (indptr: [Int], indices: [Int]), allLevels: Bool,
    pair: @Sendable (Int, Int) -> (key: Double, threshold: Double)
  ) {
    let (indptr, indices) = relevance
    let total = indices.count
    var keys = [Double](repeating: 0, count: total)
    var units = [Double](repeating: 0, count: total)
    keys.withUnsafeMutableBufferPointer { keyBuffer in
      units.withUnsafeMutableBufferPointer { unitBuffer in
        guard let k = keyBuffer.baseAddress, let u = unitBuffer.baseAddress else { return }
        let (keyOut, unitOut) = (UncheckedPointer(k), UncheckedPointer(u))
        Parallel.chunks(of: rows) { range in
          for row in range {
            for slot in indptr[row]..<indptr[row + 1] {
              (keyOut.pointer[slot], unitOut.pointer[slot]) = pair(row, indices[slot])
            }
          }
        }
      }
    }
    for row in 0..<rows {
      append(Array(indptr[row]..<indptr[row + 1]), keys, units, allLevels)
    }
  }

  private mutating func append(_ slots: [Int], _ pairKeys: [Double], _ units: [Double], _ allLevels: Bool) {
    let first = keys.count
    let sorted = slots.count > 1 ? slots.sorted { pairKeys[$0] > pairKeys[$1] } : slots
    for (place, slot) in sorted.enumerated() {
      if keys.count > first, keys[keys.count - 1] == pairKeys[slot] {
        relevant[keys.count - 1] += 1
        continue
      }
      if !allLevels, keys.count > first { break }
      keys.append(pairKeys[slot])
      // Rounding may not turn the order of two levels round.
      let unit = units[slot]
      thresholds.append(thresholds.count > first ? min(unit, thresholds[thresholds.count - 1]) : unit)
      relevant.append(1)
      relevantAbove.append(place)
    }
    offsets.append(keys.count)
  }

  var levelCount: Int { keys.count }
}
