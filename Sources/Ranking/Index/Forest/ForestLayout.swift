/// Which rule and which node layout a forest has.
enum ForestKind: Sendable, Hashable {
  case angular, euclidean, manhattan, hamming
  /// The rule of Annoy's repository: trees see the vectors with one more component that makes all equally
  /// long.
  case dot
  /// The rule and layout of Annoy's release 1.17.3.
  case dot117

  var metric: IndexMetric {
    switch self {
    case .angular: .angular
    case .euclidean: .euclidean
    case .manhattan: .manhattan
    case .hamming: .hamming
    case .dot, .dot117: .dot
    }
  }
}

/// Where the parts of a node lie. All nodes of a file have one size: items first, then tree nodes, then
/// copies of the roots.
///
/// Every node starts with the number of its descendants (Int32). With 1 it is an item, with up to
/// ``capacity`` a bucket that lists ids from ``children`` on, otherwise a split with two children and a
/// normal.
struct ForestLayout: Sendable, Hashable {
  let kind: ForestKind
  /// Components of a vector as the user gives it.
  let dimension: Int
  /// What ``vector`` holds: floats, or 64-bit words under hamming.
  let width: Int
  let children: Int
  let vector: Int
  let size: Int
  /// Ids that fit into a node from ``children`` to its end.
  let capacity: Int

  /// Offset of the split's constant under euclidean and manhattan.
  static let constant = 4
  /// Offset of the squared length: angular items, and nodes under dot.
  static let angularNorm = 4
  static let dotFactor = 12
  static let dotNorm = 16
  static let dotBuilt = 20

  init(_ kind: ForestKind, dimension: Int) {
    self.kind = kind
    self.dimension = dimension
    switch kind {
    case .angular: (children, vector) = (4, 12)
    case .euclidean, .manhattan: (children, vector) = (8, 16)
    case .dot: (children, vector) = (4, 24)
    case .dot117, .hamming: (children, vector) = (4, 16)
    }
    width = kind == .hamming ? (dimension + 63) / 64 : dimension
    size = vector + width * (kind == .hamming ? 8 : 4)
    capacity = (size - children) / 4
  }
}

/// Reads and writes the fields of one node.
struct ForestNode {
  let memory: UnsafeMutableRawPointer

  init(_ memory: UnsafeMutableRawPointer) { self.memory = memory }
  init(_ memory: UnsafeRawPointer) { self.memory = UnsafeMutableRawPointer(mutating: memory) }

  @inline(__always)
  var descendants: Int32 {
    get { memory.load(as: Int32.self) }
    nonmutating set { memory.storeBytes(of: newValue, as: Int32.self) }
  }

  @inline(__always)
  func float(_ offset: Int) -> Float { memory.load(fromByteOffset: offset, as: Float.self) }

  @inline(__always)
  func set(_ offset: Int, _ value: Float) {
    memory.storeBytes(of: value, toByteOffset: offset, as: Float.self)
  }

  @inline(__always)
  func ids(_ layout: ForestLayout) -> UnsafeMutablePointer<Int32> {
    (memory + layout.children).assumingMemoryBound(to: Int32.self)
  }

  @inline(__always)
  func floats(_ layout: ForestLayout) -> UnsafeMutablePointer<Float> {
    (memory + layout.vector).assumingMemoryBound(to: Float.self)
  }

  @inline(__always)
  func words(_ layout: ForestLayout) -> UnsafeMutablePointer<UInt64> {
    (memory + layout.vector).assumingMemoryBound(to: UInt64.self)
  }
}
