/// Distances as integers that order as they do, joined with a row: one comparison decides by distance, then
/// by row.
enum OrderedKey {
  /// A monotone map of floats to integers; −0 counts as 0.
  @inline(__always)
  static func word(_ value: Float) -> UInt32 {
    let bits = (value + 0).bitPattern
    return bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
  }

  @inline(__always)
  static func value(_ word: UInt32) -> Float {
    Float(bitPattern: word & 0x8000_0000 == 0 ? ~word : word & 0x7FFF_FFFF)
  }

  @inline(__always)
  static func join(_ word: UInt32, _ row: Int32) -> UInt64 {
    UInt64(word) << 32 | UInt64(UInt32(bitPattern: row))
  }

  @inline(__always)
  static func row(_ key: UInt64) -> Int32 { Int32(truncatingIfNeeded: key) }
}

/// The `capacity` smallest keys offered so far.
struct NearestKeys {
  private let capacity: Int
  /// A binary heap with the largest kept key on top.
  private var heap: [UInt64] = []

  init(capacity: Int) {
    self.capacity = capacity
    heap.reserveCapacity(min(capacity, 1 << 20))
  }

  /// No key from this on can enter; the largest possible while there is room.
  @inline(__always)
  var bound: UInt64 { heap.count < capacity ? .max : heap[0] }

  @inline(__always)
  mutating func offer(_ key: UInt64) {
    if key < bound { insert(key) }
  }

  private mutating func insert(_ key: UInt64) {
    if heap.count < capacity {
      heap.append(key)
      var child = heap.count - 1
      while child > 0, heap[(child - 1) / 2] < heap[child] {
        heap.swapAt(child, (child - 1) / 2)
        child = (child - 1) / 2
      }
      return
    }
    heap[0] = key
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { return }
      if child + 1 < heap.count, heap[child + 1] > heap[child] { child += 1 }
      guard heap[child] > heap[parent] else { return }
      heap.swapAt(child, parent)
      parent = child
    }
  }

  /// The kept keys, smallest first.
  var sorted: [UInt64] { heap.sorted() }
}
