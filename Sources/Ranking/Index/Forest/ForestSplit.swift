import COpenBLAS

/// Finds the hyperplane that divides a set of items: between two centres that were moved towards the items
/// for 200 steps.
struct ForestSplit {
  static let steps = 200
  /// Random bits that are tried under hamming before all are.
  static let bitAttempts = 20

  let geometry: ForestGeometry
  let items: UnsafeRawPointer
  private let p: ForestNode
  private let q: ForestNode

  private var layout: ForestLayout { geometry.layout }

  init(_ geometry: ForestGeometry, items: UnsafeRawPointer) {
    self.geometry = geometry
    self.items = items
    p = ForestNode(UnsafeMutableRawPointer.allocate(byteCount: geometry.layout.size, alignment: 16))
    q = ForestNode(UnsafeMutableRawPointer.allocate(byteCount: geometry.layout.size, alignment: 16))
  }

  func free() {
    p.memory.deallocate()
    q.memory.deallocate()
  }

  private func item(_ id: Int32) -> ForestNode { ForestNode(items + Int(id) * layout.size) }

  /// Writes the normal (under hamming the bit) of a split of `ids` to `node`.
  func make(_ ids: UnsafeBufferPointer<Int32>, _ generator: inout Kiss64, into node: ForestNode) {
    if layout.kind == .hamming { return chooseBit(ids, &generator, into: node) }
    let cosine = layout.kind == .angular || layout.kind == .dot || layout.kind == .dot117
    moveCentres(ids, cosine: cosine, &generator)
    let (normal, first, second) = (node.floats(layout), p.floats(layout), q.floats(layout))
    for index in 0..<layout.width { normal[index] = first[index] - second[index] }
    switch layout.kind {
    case .dot, .dot117:
      node.set(ForestLayout.dotFactor, p.float(ForestLayout.dotFactor) - q.float(ForestLayout.dotFactor))
      geometry.normalize(node)
    case .euclidean, .manhattan:
      geometry.normalize(node)
      var constant: Float = 0
      for index in 0..<layout.width { constant += -normal[index] * (first[index] + second[index]) / 2 }
      node.set(ForestLayout.constant, constant)
    case .angular, .hamming: geometry.normalize(node)
    }
  }

  private func moveCentres(_ ids: UnsafeBufferPointer<Int32>, cosine: Bool, _ generator: inout Kiss64) {
    let first = generator.index(ids.count)
    var second = generator.index(ids.count - 1)
    if second >= first { second += 1 }
    for (centre, id) in [(p, ids[first]), (q, ids[second])] {
      centre.memory.copyMemory(from: item(id).memory, byteCount: layout.size)
      if cosine { geometry.normalize(centre) }
      geometry.updateNorm(centre)
    }
    var (pCount, qCount): (Float, Float) = (1, 1)
    for _ in 0..<ForestSplit.steps {
      let x = item(ids[generator.index(ids.count)])
      let (toP, toQ) = geometry.distances(p, q, x)
      let norm = cosine ? geometry.norm(x) : 1
      guard norm > 0 else { continue }
      if pCount * toP < qCount * toQ {
        move(p, towards: x, weight: pCount, norm: norm)
        pCount += 1
      } else if qCount * toQ < pCount * toP {
        move(q, towards: x, weight: qCount, norm: norm)
        qCount += 1
      }
    }
  }

  private func move(_ centre: ForestNode, towards item: ForestNode, weight: Float, norm: Float) {
    cob_mean_update(centre.floats(layout), item.floats(layout), Int64(layout.width), weight, norm)
    if layout.kind == .dot {
      let offset = ForestLayout.dotFactor
      centre.set(offset, (centre.float(offset) * weight + item.float(offset) / norm) / (weight + 1))
    }
    geometry.updateNorm(centre)
  }

  private func chooseBit(_ ids: UnsafeBufferPointer<Int32>, _ generator: inout Kiss64, into node: ForestNode)
  {
    func divides(_ bit: Int) -> Bool {
      node.words(layout)[0] = UInt64(bit)
      let ones = ids.reduce(0) { $0 + (ForestSplit.bit(node, item($1).words(layout), layout) ? 1 : 0) }
      return ones > 0 && ones < ids.count
    }
    let bits = layout.width * 64
    for _ in 0..<ForestSplit.bitAttempts where divides(generator.index(bits)) { return }
    for bit in 0..<bits where divides(bit) { return }
  }

  /// The bit of a vector that a node divides by, counted from the top of each word.
  @inline(__always)
  static func bit(_ node: ForestNode, _ words: UnsafePointer<UInt64>, _ layout: ForestLayout) -> Bool {
    let index = Int(node.words(layout)[0] & 0xFFFF_FFFF)
    return words[min(index >> 6, layout.width - 1)] >> UInt64(63 - index & 63) & 1 == 1
  }

  /// Sides of the items: 1 where the margin is positive, a coin flip where it is 0.
  func sides(
    _ node: ForestNode, _ ids: UnsafeBufferPointer<Int32>, _ generator: inout Kiss64,
    margins: UnsafeMutablePointer<Float>, into sides: UnsafeMutablePointer<UInt8>
  ) {
    if layout.kind == .hamming {
      for (place, id) in ids.enumerated() {
        sides[place] = ForestSplit.bit(node, item(id).words(layout), layout) ? 1 : 0
      }
      return
    }
    let normal = node.floats(layout)
    switch geometry.arithmetic {
    case .fast:
      let base = (items + layout.vector).assumingMemoryBound(to: CChar.self)
      cob_rows_dot(
        normal, base, Int64(layout.size), ids.baseAddress, Int64(ids.count), Int64(layout.width), margins)
    case .sequential:
      for (place, id) in ids.enumerated() { margins[place] = geometry.dot(normal, item(id).floats(layout)) }
    }
    for (place, id) in ids.enumerated() {
      let margin = offset(node, item(id), margins[place])
      sides[place] = margin != 0 ? (margin > 0 ? 1 : 0) : (generator.flip() ? 1 : 0)
    }
  }

  @inline(__always)
  private func offset(_ node: ForestNode, _ item: ForestNode, _ product: Float) -> Float {
    switch layout.kind {
    case .angular, .hamming: return product
    case .euclidean, .manhattan: return node.float(ForestLayout.constant) + product
    case .dot: return product + node.float(ForestLayout.dotFactor) * item.float(ForestLayout.dotFactor)
    case .dot117:
      let factor = node.float(ForestLayout.dotFactor)
      return product + factor * factor
    }
  }
}
