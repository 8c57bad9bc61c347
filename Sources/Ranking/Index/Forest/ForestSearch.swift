import Basics
import COpenBLAS
import Foundation

/// Memory of one search, kept for the next.
final class ForestScratch {
  /// Round in which an item was last collected. `[items]`
  let seen: UnsafeMutablePointer<UInt32>
  private let items: Int
  var round: UInt32 = 0
  /// Max-heap of (priority, node) keys.
  var heap: [UInt64] = []
  /// Items collected, each once.
  var found: [Int32] = []
  var distances: [Float] = []
  /// The query's bits under hamming.
  var words: [UInt64] = []

  init(items: Int) {
    self.items = items
    seen = .allocate(capacity: items)
    seen.initialize(repeating: 0, count: items)
  }

  deinit { seen.deallocate() }

  func begin() {
    heap.removeAll(keepingCapacity: true)
    found.removeAll(keepingCapacity: true)
    if round == .max {
      seen.update(repeating: 0, count: items)
      round = 0
    }
    round += 1
  }
}

/// Lends each search its memory.
final class ForestScratchPool: @unchecked Sendable {
  private let items: Int
  private let lock = NSLock()
  private var free: [ForestScratch] = []

  init(items: Int) { self.items = items }

  func take() -> ForestScratch {
    lock.lock()
    defer { lock.unlock() }
    return free.popLast() ?? ForestScratch(items: items)
  }

  func give(_ scratch: ForestScratch) {
    lock.lock()
    free.append(scratch)
    lock.unlock()
  }
}

/// One query through all trees: the node nearest to the query's side comes next, whatever tree it belongs to.
struct ForestSearch {
  private let nodes: ForestNodes
  private let scratch: ForestScratch
  private let query: UnsafePointer<Float>
  private let layout: ForestLayout

  init(_ nodes: ForestNodes, _ scratch: ForestScratch, _ query: UnsafePointer<Float>) {
    self.nodes = nodes
    self.scratch = scratch
    self.query = query
    layout = nodes.layout
  }

  func nearest(_ k: Int, searchK: Int, filter: RowFilter?) throws -> [Neighbor] {
    scratch.begin()
    if layout.kind == .hamming {
      scratch.words = [UInt64](repeating: 0, count: layout.width)
      scratch.words.withUnsafeMutableBufferPointer { buffer in
        if let words = buffer.baseAddress { ForestGeometry.pack(query, layout.dimension, into: words) }
      }
    }
    try collect(searchK, filter)
    return rank(k)
  }

  /// Collects items until `searchK` (repetitions across trees count) or the trees' end.
  private func collect(_ searchK: Int, _ filter: RowFilter?) throws {
    var heap = PriorityHeap(taking: scratch)
    defer { heap.give(back: scratch) }
    let start = layout.kind == .hamming ? UInt32.max : OrderedKey.word(.infinity)
    for root in nodes.roots { heap.push(OrderedKey.join(start, root)) }
    let itemCount = Int32(nodes.itemCount)
    var collected = 0
    var visited = 0
    while collected < searchK, let key = heap.pop() {
      let id = OrderedKey.row(key)
      let node = nodes.node(id)
      let descendants = node.descendants
      visited += 1
      if descendants == 1, id < itemCount {
        collected += take(id, filter)
      } else if Int(descendants) <= layout.capacity {
        let ids = node.ids(layout)
        for place in 0..<Int(max(descendants, 0)) {
          guard ids[place] >= 0, ids[place] < itemCount else {
            throw nodes.damaged("node \(id) lists \(ids[place])")
          }
          collected += take(ids[place], filter)
        }
      } else {
        try descend(node, id, UInt32(key >> 32), &heap)
      }
      // No node is in two trees, and only items are reached twice.
      if visited > nodes.nodeCount * (nodes.roots.count + 1) {
        throw nodes.damaged("its nodes form a circle")
      }
    }
  }

  @inline(__always)
  private func take(_ id: Int32, _ filter: RowFilter?) -> Int {
    if let filter, !filter[Int(id)] { return 0 }
    if scratch.seen[Int(id)] != scratch.round {
      scratch.seen[Int(id)] = scratch.round
      scratch.found.append(id)
    }
    return 1
  }

  @inline(__always)
  private func descend(_ node: ForestNode, _ id: Int32, _ priority: UInt32, _ heap: inout PriorityHeap) throws
  {
    let ids = node.ids(layout)
    let (first, second) = (ids[0], ids[1])
    guard first >= 0, second >= 0, Int(first) < nodes.nodeCount, Int(second) < nodes.nodeCount else {
      throw nodes.damaged("node \(id) has the children \(first) and \(second)")
    }
    cob_prefetch(nodes.node(first).memory)
    cob_prefetch(nodes.node(second).memory)
    if layout.kind == .hamming {
      let isOne = scratch.words.withUnsafeBufferPointer { buffer in
        buffer.baseAddress.map { ForestSplit.bit(node, $0, layout) } ?? false
      }
      heap.push(OrderedKey.join(priority &- (isOne ? 0 : 1), second))
      heap.push(OrderedKey.join(priority &- (isOne ? 1 : 0), first))
      return
    }
    let margin = margin(node)
    heap.push(OrderedKey.join(min(priority, OrderedKey.word(margin)), second))
    heap.push(OrderedKey.join(min(priority, OrderedKey.word(-margin)), first))
  }

  @inline(__always)
  private func margin(_ node: ForestNode) -> Float {
    let product = cob_fast_dot(node.floats(layout), query, Int64(layout.width))
    switch layout.kind {
    case .angular, .dot, .hamming: return product
    case .euclidean, .manhattan: return node.float(ForestLayout.constant) + product
    case .dot117:
      let factor = node.float(ForestLayout.dotFactor)
      return product + factor * factor
    }
  }

  /// The `k` nearest of the collected items by exact distance.
  private func rank(_ k: Int) -> [Neighbor] {
    let count = scratch.found.count
    if scratch.distances.count < count { scratch.distances = [Float](repeating: 0, count: max(count, 1024)) }
    let width = Int64(layout.width)
    var nearest = NearestKeys(capacity: k)
    scratch.found.withUnsafeBufferPointer { ids in
      scratch.distances.withUnsafeMutableBufferPointer { out in
        guard let start = out.baseAddress else { return }
        let base = (nodes.base + layout.vector).assumingMemoryBound(to: CChar.self)
        let (stride, rows) = (Int64(layout.size), Int64(count))
        switch layout.kind {
        case .angular, .dot, .dot117: cob_rows_dot(query, base, stride, ids.baseAddress, rows, width, start)
        case .euclidean: cob_rows_l2(query, base, stride, ids.baseAddress, rows, width, start)
        case .manhattan: cob_rows_l1(query, base, stride, ids.baseAddress, rows, width, start)
        case .hamming:
          scratch.words.withUnsafeBufferPointer {
            if let words = $0.baseAddress {
              cob_rows_hamming(words, base, stride, ids.baseAddress, rows, width, start)
            }
          }
        }
        offer(ids, start, &nearest)
      }
    }
    return nearest.sorted.map { key in
      Neighbor(row: Int(OrderedKey.row(key)), distance: reported(OrderedKey.value(UInt32(key >> 32))))
    }
  }

  @inline(__always)
  private func offer(
    _ ids: UnsafeBufferPointer<Int32>, _ values: UnsafePointer<Float>, _ nearest: inout NearestKeys
  ) {
    switch layout.kind {
    case .angular:
      let norm = cob_fast_dot(query, query, Int64(layout.width))
      for (place, id) in ids.enumerated() {
        let distance = ForestGeometry.angular(values[place], norm, squaredLength(id))
        nearest.offer(OrderedKey.join(OrderedKey.word(distance), id))
      }
    case .dot, .dot117:
      for (place, id) in ids.enumerated() {
        nearest.offer(OrderedKey.join(OrderedKey.word(-values[place]), id))
      }
    case .euclidean, .manhattan, .hamming:
      for (place, id) in ids.enumerated() {
        nearest.offer(OrderedKey.join(OrderedKey.word(values[place]), id))
      }
    }
  }

  /// Files of early releases of Annoy have no lengths in them.
  @inline(__always)
  private func squaredLength(_ id: Int32) -> Float {
    let node = nodes.node(id)
    let stored = node.float(ForestLayout.angularNorm)
    if stored > 0 { return stored }
    return cob_fast_dot(node.floats(layout), node.floats(layout), Int64(layout.width))
  }

  private func reported(_ distance: Float) -> Float {
    switch layout.kind {
    case .angular, .euclidean: max(distance, 0).squareRoot()
    case .manhattan: max(distance, 0)
    case .dot, .dot117: -distance
    case .hamming: distance
    }
  }
}

/// A max-heap of keys in memory lent by a scratch.
private struct PriorityHeap {
  private var keys: [UInt64]

  init(taking scratch: ForestScratch) {
    keys = scratch.heap
    scratch.heap = []
  }

  mutating func give(back scratch: ForestScratch) {
    scratch.heap = keys
    keys = []
  }

  @inline(__always)
  mutating func push(_ key: UInt64) {
    keys.append(key)
    keys.withUnsafeMutableBufferPointer { keys in
      var child = keys.count - 1
      while child > 0 {
        let parent = (child - 1) >> 1
        if keys[parent] >= key { break }
        keys[child] = keys[parent]
        child = parent
      }
      keys[child] = key
    }
  }

  @inline(__always)
  mutating func pop() -> UInt64? {
    guard let top = keys.first, let last = keys.popLast() else { return nil }
    keys.withUnsafeMutableBufferPointer { keys in
      let count = keys.count
      guard count > 0 else { return }
      var parent = 0
      while true {
        var child = 2 * parent + 1
        if child >= count { break }
        if child + 1 < count, keys[child + 1] > keys[child] { child += 1 }
        if keys[child] <= last { break }
        keys[parent] = keys[child]
        parent = child
      }
      keys[parent] = last
    }
    return top
  }
}
