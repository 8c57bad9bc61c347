/// Marsaglia's KISS generator with 64-bit words, as Annoy draws from it: the same seed makes the same trees.
struct Kiss64: Sendable {
  static let defaultSeed: UInt64 = 1_234_567_890_987_654_321

  private var x: UInt64
  private var y: UInt64 = 362_436_362_436_362_436
  private var z: UInt64 = 1_066_149_217_761_810
  private var carry: UInt64 = 123_456_123_456_123_456

  init(seed: UInt64) { x = seed }

  mutating func next() -> UInt64 {
    z = 6_906_969_069 &* z &+ 1_234_567
    y ^= y << 13
    y ^= y >> 17
    y ^= y << 43
    let t = (x << 58) &+ carry
    carry = x >> 6
    x = x &+ t
    if x < t { carry &+= 1 }
    return x &+ y &+ z
  }

  /// A number in `0..<count`.
  mutating func index(_ count: Int) -> Int { Int(next() % UInt64(count)) }

  mutating func flip() -> Bool { next() & 1 == 1 }
}
