import COpenBLAS

/// Distances, norms and sides of nodes under one layout, in one arithmetic.
struct ForestGeometry: Sendable {
  /// How sums are formed while trees are built.
  enum Arithmetic: String, Sendable, CaseIterable {
    /// With the processor's widest vectors.
    case fast
    /// From the first component to the last, rounded after every operation: the bytes of a plain C++ build
    /// of Annoy.
    case sequential
  }

  let layout: ForestLayout
  let arithmetic: Arithmetic

  private var count: Int64 { Int64(layout.width) }

  func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>) -> Float {
    arithmetic == .fast ? cob_fast_dot(a, b, count) : cob_sequential_dot(a, b, count)
  }

  /// Fills an item's node from its vector.
  func makeItem(_ node: ForestNode, from vector: UnsafePointer<Float>) {
    node.memory.initializeMemory(as: UInt8.self, repeating: 0, count: layout.size)
    node.descendants = 1
    if layout.kind == .hamming {
      ForestGeometry.pack(vector, layout.dimension, into: node.words(layout))
    } else {
      node.floats(layout).update(from: vector, count: layout.width)
    }
    updateNorm(node)
  }

  /// Packs components above 0.5 as ones, lowest bit first.
  static func pack(_ vector: UnsafePointer<Float>, _ dimension: Int, into words: UnsafeMutablePointer<UInt64>)
  {
    for word in 0..<((dimension + 63) / 64) { words[word] = 0 }
    for index in 0..<dimension where vector[index] > 0.5 { words[index >> 6] |= 1 << UInt64(index & 63) }
  }

  /// Stores the squared length where the layout keeps one.
  func updateNorm(_ node: ForestNode) {
    switch layout.kind {
    case .angular: node.set(ForestLayout.angularNorm, dot(node.floats(layout), node.floats(layout)))
    case .dot:
      let factor = node.float(ForestLayout.dotFactor)
      node.set(ForestLayout.dotNorm, dot(node.floats(layout), node.floats(layout)) + factor * factor)
    case .euclidean, .manhattan, .hamming, .dot117: break
    }
  }

  /// Under dot: gives every item the component that makes all equally long (Bachrach et al. 2014).
  func augment(_ items: UnsafeMutableRawPointer, count: Int) {
    guard layout.kind == .dot || layout.kind == .dot117 else { return }
    var longest: Float = 0
    for row in 0..<count {
      let node = ForestNode(items + row * layout.size)
      let norm = max(0, dot(node.floats(layout), node.floats(layout))).squareRoot()
      node.set(ForestLayout.dotFactor, norm)
      longest = max(longest, norm)
    }
    for row in 0..<count {
      let node = ForestNode(items + row * layout.size)
      let norm = node.float(ForestLayout.dotFactor)
      node.set(ForestLayout.dotFactor, max(0, longest * longest - norm * norm).squareRoot())
      if layout.kind == .dot { node.set(ForestLayout.dotNorm, longest * longest) }
    }
  }

  /// Under dot: marks the items as built, which Annoy reads as "compare by inner product".
  func finish(_ items: UnsafeMutableRawPointer, count: Int) {
    guard layout.kind == .dot else { return }
    for row in 0..<count {
      items.storeBytes(of: UInt8(1), toByteOffset: row * layout.size + ForestLayout.dotBuilt, as: UInt8.self)
    }
  }

  /// The length that a vector is divided by when it joins a mean.
  func norm(_ node: ForestNode) -> Float {
    let squared: Float
    switch layout.kind {
    case .angular: squared = node.float(ForestLayout.angularNorm)
    case .dot:
      let factor = node.float(ForestLayout.dotFactor)
      squared = dot(node.floats(layout), node.floats(layout)) + factor * factor
    default: squared = dot(node.floats(layout), node.floats(layout))
    }
    return squared.squareRoot()
  }

  /// Distances of an item to the two centres, in the unit that trees are built by.
  func distances(_ p: ForestNode, _ q: ForestNode, _ item: ForestNode) -> (Float, Float) {
    var (a, b): (Float, Float) = (0, 0)
    let (pv, qv, x) = (p.floats(layout), q.floats(layout), item.floats(layout))
    switch (layout.kind, arithmetic) {
    case (.euclidean, .fast): cob_fast_two_l2(pv, qv, x, count, &a, &b)
    case (.euclidean, .sequential):
      (a, b) = (cob_sequential_l2(pv, x, count), cob_sequential_l2(qv, x, count))
    case (.manhattan, .fast): (a, b) = (cob_fast_l1(pv, x, count), cob_fast_l1(qv, x, count))
    case (.manhattan, .sequential):
      (a, b) = (cob_sequential_l1(pv, x, count), cob_sequential_l1(qv, x, count))
    case (_, .fast): cob_fast_two_dots(pv, qv, x, count, &a, &b)
    case (_, .sequential): (a, b) = (dot(pv, x), dot(qv, x))
    }
    switch layout.kind {
    case .angular:
      let offset = ForestLayout.angularNorm
      let norm = item.float(offset)
      return (
        ForestGeometry.angular(a, p.float(offset), norm), ForestGeometry.angular(b, q.float(offset), norm)
      )
    case .dot:
      let offset = ForestLayout.dotNorm
      let (norm, factor) = (item.float(offset), item.float(ForestLayout.dotFactor))
      return (
        ForestGeometry.angular(a + p.float(ForestLayout.dotFactor) * factor, p.float(offset), norm),
        ForestGeometry.angular(b + q.float(ForestLayout.dotFactor) * factor, q.float(offset), norm)
      )
    case .dot117: return (-a, -b)
    case .euclidean, .manhattan, .hamming: return (a, b)
    }
  }

  /// 2 − 2 cos, from an inner product and two squared lengths.
  @inline(__always)
  static func angular(_ product: Float, _ first: Float, _ second: Float) -> Float {
    let lengths = first * second
    return lengths > 0 ? Float(2 - 2 * Double(product) / Double(lengths.squareRoot())) : 2
  }

  /// Scales a node's vector (under dot with its extra component) to length 1.
  func normalize(_ node: ForestNode) {
    let vector = node.floats(layout)
    var squared = Double(dot(vector, vector))
    let hasFactor = layout.kind == .dot || layout.kind == .dot117
    let factor = hasFactor ? node.float(ForestLayout.dotFactor) : 0
    squared += Double(factor) * Double(factor)
    let norm = Float(squared.squareRoot())
    guard norm > 0 else { return }
    for index in 0..<layout.width { vector[index] /= norm }
    if hasFactor { node.set(ForestLayout.dotFactor, factor / norm) }
  }
}
