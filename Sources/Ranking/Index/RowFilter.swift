/// The rows that a search may return: one bit each.
public struct RowFilter: Sendable {
  public let count: Int
  private var words: [UInt64]

  /// - Parameter all: whether every row starts as allowed.
  public init(count: Int, all: Bool) {
    self.count = count
    words = [UInt64](repeating: all ? .max : 0, count: (count + 63) / 64)
  }

  public init(count: Int, rows: some Sequence<Int>) {
    self.init(count: count, all: false)
    for row in rows { self[row] = true }
  }

  public subscript(row: Int) -> Bool {
    get { words[row >> 6] >> UInt64(row & 63) & 1 == 1 }
    set {
      if newValue {
        words[row >> 6] |= 1 << UInt64(row & 63)
      } else {
        words[row >> 6] &= ~(1 << UInt64(row & 63))
      }
    }
  }

  /// How many rows are allowed.
  public var allowed: Int {
    (0..<count).reduce(0) { $0 + (self[$1] ? 1 : 0) }
  }

  /// The first rows.
  public func prefix(_ rows: Int) -> RowFilter {
    var part = RowFilter(count: min(rows, count), all: false)
    part.words.replaceSubrange(0..<part.words.count, with: words[0..<part.words.count])
    for row in part.count..<64 * part.words.count { part[row] = false }
    return part
  }

  /// The rows behind the first ones, numbered from 0.
  public func dropFirst(_ rows: Int) -> RowFilter {
    let first = min(rows, count)
    return RowFilter(count: count - first, rows: (0..<count - first).filter { self[first + $0] })
  }

  /// One bit a row, lowest bit first, as other libraries read it. `[⌈count / 8⌉]`
  var bytes: [UInt8] {
    words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }
  }
}
