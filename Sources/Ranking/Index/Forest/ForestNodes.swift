import Basics

/// The nodes of a finished forest, in memory or mapped from a file of Annoy's format.
final class ForestNodes: @unchecked Sendable {
  let layout: ForestLayout
  let base: UnsafeRawPointer
  let itemCount: Int
  let nodeCount: Int
  let roots: [Int32]
  /// The file, where there is one.
  let path: String?
  private let file: MappedFile?

  init(
    owning memory: UnsafeMutableRawPointer, layout: ForestLayout, itemCount: Int, nodeCount: Int,
    roots: [Int32]
  ) {
    self.layout = layout
    base = UnsafeRawPointer(memory)
    self.itemCount = itemCount
    self.nodeCount = nodeCount
    self.roots = roots
    path = nil
    file = nil
  }

  /// Maps a file. It has no header: that its size and its roots fit the layout is all that can be checked
  /// here; a node that does not fit is found by the search that comes upon it.
  /// - Throws: ``IeumError`` (data) for a file that cannot be of this layout.
  init(mapping path: String, layout: ForestLayout, count: Int?) throws {
    let file = try MappedFile(path)
    func refused(_ problem: String) -> IeumError {
      IeumError(
        .data, problem, file: path, place: "\(layout.kind) forest of dimension \(layout.dimension)",
        remedy: "give the metric and dimension it was built with, or build it again")
    }
    guard file.size % layout.size == 0, file.size / layout.size <= Int(Int32.max) else {
      throw refused("has \(file.size) bytes, which are no whole nodes of \(layout.size)")
    }
    nodeCount = file.size / layout.size
    let base = file.base
    func node(_ id: Int) -> ForestNode { ForestNode(base + id * layout.size) }
    let items = node(nodeCount - 1).descendants
    var roots: [Int32] = []
    var id = nodeCount - 1
    while id >= 0, node(id).descendants == items {
      roots.append(Int32(id))
      id -= 1
    }
    // The copies of the roots follow the last tree's own root, which is not a tree more.
    if roots.count > 1, let first = roots.first, let last = roots.last,
      node(Int(first)).ids(layout)[0] == node(Int(last)).ids(layout)[0]
    {
      roots.removeLast()
    }
    guard items > 0, Int(items) < nodeCount else { throw refused("its last node is no root") }
    if let count, count != Int(items) { throw refused("holds \(items) items where \(count) are expected") }
    self.layout = layout
    self.base = base
    self.file = file
    self.path = path
    self.roots = roots
    itemCount = Int(items)
  }

  deinit { if file == nil { UnsafeMutableRawPointer(mutating: base).deallocate() } }

  var bytes: Int { nodeCount * layout.size }

  @inline(__always)
  func node(_ id: Int32) -> ForestNode { ForestNode(base + Int(id) * layout.size) }

  func write(to path: String) throws {
    try RawFile.write(UnsafeRawBufferPointer(start: base, count: bytes), to: path)
  }

  func damaged(_ what: String) -> IeumError {
    IeumError(.data, "the forest is damaged (\(what))", file: path, remedy: "build the index again")
  }
}
