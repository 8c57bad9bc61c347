import Basics
import Foundation

/// Builds a forest: items, trees, copies of the roots, in one block of memory.
struct ForestBuilder {
  /// Where the randomness of each tree comes from.
  enum Stream: String, CaseIterable {
    /// Tree t draws from a generator of its own, seeded seed + t: trees grow side by side, and the result
    /// does not depend on the number of cores. (Annoy with as many threads as trees grows the same trees.)
    case tree
    /// All trees draw from one generator, one after the other, as Annoy does on one thread.
    case shared
  }

  let geometry: ForestGeometry
  let stream: Stream
  let seed: UInt64
  /// Trees; −1 = as many as double the number of nodes.
  let trees: Int

  func build(_ vectors: VectorMatrix) throws -> ForestNodes {
    let layout = geometry.layout
    let count = vectors.count
    guard count <= Int(Int32.max) / 4 else {
      throw IeumError(.data, "\(count) vectors are too many for 32-bit node ids", remedy: "split the data")
    }
    let items = UnsafeMutableRawPointer.allocate(byteCount: count * layout.size, alignment: 16)
    defer { items.deallocate() }
    let source = UncheckedPointer(items.assumingMemoryBound(to: UInt8.self))
    Parallel.chunks(of: count) { range in
      for row in range {
        geometry.makeItem(
          ForestNode(UnsafeMutableRawPointer(source.pointer + row * layout.size)), from: vectors.row(row))
      }
    }
    geometry.augment(items, count: count)
    let groves = grow(UnsafeRawPointer(items), count)
    geometry.finish(items, count: count)
    return join(items, count, groves)
  }

  private func grow(_ items: UnsafeRawPointer, _ count: Int) -> [ForestTrees] {
    if stream == .shared {
      let grove = ForestTrees(geometry, items: items, count: count, seed: seed)
      while trees < 0 ? count + grove.nodeCount < 2 * count : grove.roots.count < trees { grove.grow() }
      return [grove]
    }
    var groves: [ForestTrees] = []
    var nodes = count
    while trees < 0 ? nodes < 2 * count : groves.count < trees {
      let wave = trees < 0 ? Parallel.workers : trees
      let grown = sideBySide(items, count, first: groves.count, wave: wave)
      for grove in grown where trees >= 0 || nodes < 2 * count {
        groves.append(grove)
        nodes += grove.nodeCount
      }
    }
    return groves
  }

  private func sideBySide(_ items: UnsafeRawPointer, _ count: Int, first: Int, wave: Int) -> [ForestTrees] {
    let groves = (0..<wave).map { tree in
      ForestTrees(geometry, items: items, count: count, seed: seed &+ UInt64(first + tree))
    }
    // Each tree is grown by one worker only, in memory of its own.
    nonisolated(unsafe) let shared = groves
    DispatchQueue.concurrentPerform(iterations: wave) { shared[$0].grow() }
    return groves
  }

  private func join(_ items: UnsafeMutableRawPointer, _ count: Int, _ groves: [ForestTrees]) -> ForestNodes {
    let size = geometry.layout.size
    let treeNodes = groves.reduce(0) { $0 + $1.nodeCount }
    let rootCount = groves.reduce(0) { $0 + $1.roots.count }
    let total = count + treeNodes + rootCount
    let memory = UnsafeMutableRawPointer.allocate(byteCount: total * size, alignment: 16)
    memory.copyMemory(from: items, byteCount: count * size)
    var next = count
    var roots: [Int32] = []
    for grove in groves {
      roots += grove.place(at: memory + next * size, start: next)
      next += grove.nodeCount
    }
    for root in roots {
      (memory + next * size).copyMemory(from: memory + Int(root) * size, byteCount: size)
      next += 1
    }
    // A file that is read again finds the copies; the same ones are used here, so that both search alike.
    return ForestNodes(
      owning: memory, layout: geometry.layout, itemCount: count, nodeCount: total, roots: roots)
  }
}
