import Basics

/// Grows trees over a set of items, into memory of its own: tree node i has the id `items + i`.
final class ForestTrees {
  private let geometry: ForestGeometry
  private let split: ForestSplit
  private let itemCount: Int
  private var generator: Kiss64
  /// Ids of the tree in work; a subtree's are contiguous.
  private let ids: UnsafeMutableBufferPointer<Int32>
  private let spare: UnsafeMutableBufferPointer<Int32>
  private let margins: UnsafeMutablePointer<Float>
  private let sides: UnsafeMutablePointer<UInt8>
  private(set) var nodes: UnsafeMutableRawPointer
  private var room = 64
  private(set) var nodeCount = 0
  /// Ids of the roots.
  private(set) var roots: [Int32] = []

  private var layout: ForestLayout { geometry.layout }

  init(_ geometry: ForestGeometry, items: UnsafeRawPointer, count: Int, seed: UInt64) {
    self.geometry = geometry
    split = ForestSplit(geometry, items: items)
    itemCount = count
    generator = Kiss64(seed: seed)
    ids = .allocate(capacity: count)
    spare = .allocate(capacity: count)
    margins = .allocate(capacity: count)
    sides = .allocate(capacity: count)
    nodes = .allocate(byteCount: room * geometry.layout.size, alignment: 16)
  }

  deinit {
    split.free()
    ids.deallocate()
    spare.deallocate()
    margins.deallocate()
    sides.deallocate()
    nodes.deallocate()
  }

  /// Adds one tree over all items.
  func grow() {
    for row in 0..<itemCount { ids[row] = Int32(row) }
    roots.append(make(0..<itemCount, isRoot: true))
  }

  /// A zeroed node; its id.
  private func allocate() -> (Int32, ForestNode) {
    if nodeCount == room {
      let grown = UnsafeMutableRawPointer.allocate(byteCount: 2 * room * layout.size, alignment: 16)
      grown.copyMemory(from: nodes, byteCount: room * layout.size)
      nodes.deallocate()
      nodes = grown
      room *= 2
    }
    let node = ForestNode(nodes + nodeCount * layout.size)
    node.memory.initializeMemory(as: UInt8.self, repeating: 0, count: layout.size)
    nodeCount += 1
    return (Int32(itemCount + nodeCount - 1), node)
  }

  /// The subtree over `ids[range]`; the smaller half is grown first, children before their parent.
  private func make(_ range: Range<Int>, isRoot: Bool) -> Int32 {
    if range.count == 1, !isRoot { return ids[range.lowerBound] }
    if range.count <= layout.capacity, !isRoot || itemCount <= layout.capacity || range.count == 1 {
      let (id, node) = allocate()
      node.descendants = Int32(isRoot ? itemCount : range.count)
      for (place, index) in range.enumerated() { node.ids(layout)[place] = ids[index] }
      return id
    }
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: layout.size, alignment: 16)
    defer { scratch.deallocate() }
    scratch.initializeMemory(as: UInt8.self, repeating: 0, count: layout.size)
    let node = ForestNode(scratch)
    let left = divide(range, node)
    let middle = range.lowerBound + left
    let halves = [range.lowerBound..<middle, middle..<range.upperBound]
    let first = left > range.count - left ? 1 : 0
    node.descendants = Int32(isRoot ? itemCount : range.count)
    for side in [first, 1 - first] { node.ids(layout)[side] = make(halves[side], isRoot: false) }
    let (id, place) = allocate()
    place.memory.copyMemory(from: scratch, byteCount: layout.size)
    return id
  }

  /// Finds a split and sorts `ids[range]` by side, order within a side kept; the size of the first side.
  private func divide(_ range: Range<Int>, _ node: ForestNode) -> Int {
    let part = UnsafeBufferPointer(rebasing: ids[range])
    var left = 0
    for _ in 0..<3 {
      split.make(part, &generator, into: node)
      split.sides(node, part, &generator, margins: margins, into: sides)
      left = (0..<part.count).reduce(0) { $0 + (sides[$1] == 0 ? 1 : 0) }
      if ForestTrees.largestShare(left, part.count - left) < 0.95 { break }
    }
    // Items that no hyperplane divides (many equal ones) are shared out by coin flips.
    while ForestTrees.largestShare(left, part.count - left) > 0.99 {
      (node.memory + layout.vector).initializeMemory(
        as: UInt8.self, repeating: 0, count: layout.size - layout.vector)
      left = 0
      for place in 0..<part.count {
        sides[place] = generator.flip() ? 1 : 0
        if sides[place] == 0 { left += 1 }
      }
    }
    var (next, later) = (range.lowerBound, 0)
    for place in 0..<part.count {
      let id = part[place]
      if sides[place] == 0 {
        ids[next] = id
        next += 1
      } else {
        spare[later] = id
        later += 1
      }
    }
    for place in 0..<later { ids[next + place] = spare[place] }
    return left
  }

  /// In the arithmetic of Annoy, since its rounding decides.
  private static func largestShare(_ left: Int, _ right: Int) -> Double {
    let (l, r) = (Double(Float(left)), Double(Float(right)))
    let share = Float(l / (l + r + 1e-9))
    return Double(max(share, 1 - share))
  }

  /// Copies the nodes to their final place, where tree node 0 gets the id `start`; the roots' final ids.
  func place(at target: UnsafeMutableRawPointer, start: Int) -> [Int32] {
    target.copyMemory(from: nodes, byteCount: nodeCount * layout.size)
    let shift = Int32(start - itemCount)
    func moved(_ id: Int32) -> Int32 { id >= Int32(itemCount) ? id + shift : id }
    guard shift != 0 else { return roots }
    for index in 0..<nodeCount {
      let node = ForestNode(target + index * layout.size)
      guard Int(node.descendants) > layout.capacity else { continue }
      let ids = node.ids(layout)
      (ids[0], ids[1]) = (moved(ids[0]), moved(ids[1]))
    }
    return roots.map(moved)
  }
}
