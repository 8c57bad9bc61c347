import Foundation

/// Prefix sums over places 1…n: harmonic numbers and logarithmic discounts.
struct RankTables: Sendable {
  /// `harmonic[n]` = Σ 1/i over i ≤ n.
  let harmonic: [Double]
  /// `discount[n]` = Σ 1/log₂(i + 1) over i ≤ n.
  let discount: [Double]

  init(places: Int) {
    var harmonic = [0.0]
    var discount = [0.0]
    harmonic.reserveCapacity(places + 1)
    discount.reserveCapacity(places + 1)
    for place in stride(from: 1, through: places, by: 1) {
      harmonic.append(harmonic[place - 1] + 1 / Double(place))
      discount.append(discount[place - 1] + 1 / log2(Double(place) + 1))
    }
    self.harmonic = harmonic
    self.discount = discount
  }
}
