/// What each query contributes to a metric, so that value and resampled values come from the same code.
struct Sample: Sendable {
  enum Kind: Sendable {
    /// `scale · Σ numerators / Σ denominators` (denominators 1 where nil).
    case mean(numerators: [Double], denominators: [Double]?, scale: Double)
    /// The median of entries, sorted; `owners[i]` is the query that entry i belongs to. `floored`: rounded down.
    case median(entries: [Double], owners: [Int], floored: Bool)
  }

  let kind: Kind

  static func mean(_ values: [Double], scale: Double = 1) -> Sample {
    Sample(kind: .mean(numerators: values, denominators: nil, scale: scale))
  }

  static func ratio(_ numerators: [Double], _ denominators: [Double], scale: Double = 1) -> Sample {
    Sample(kind: .mean(numerators: numerators, denominators: denominators, scale: scale))
  }

  static func median(_ entries: [(value: Double, owner: Int)], floored: Bool = false) -> Sample {
    let sorted = entries.sorted { ($0.value, $0.owner) < ($1.value, $1.owner) }
    return Sample(kind: .median(entries: sorted.map(\.value), owners: sorted.map(\.owner), floored: floored))
  }

  /// The metric over all queries.
  var value: Double {
    switch kind {
    case .mean(let numerators, let denominators, let scale):
      let sum = numerators.reduce(0, +)
      return scale * sum / (denominators?.reduce(0, +) ?? Double(numerators.count))
    case .median(let entries, _, let floored):
      let median = (entries[(entries.count - 1) / 2] + entries[entries.count / 2]) / 2
      return floored ? median.rounded(.down) : median
    }
  }

  /// The metric when query q is drawn `weights[q]` times.
  func value(weights: [Int32], drawn: Int) -> Double {
    switch kind {
    case .mean(let numerators, let denominators, let scale):
      let sum = Sample.weighted(numerators, weights)
      return scale * sum / (denominators.map { Sample.weighted($0, weights) } ?? Double(drawn))
    case .median(let entries, let owners, let floored):
      let total = owners.reduce(0) { $0 + Int(weights[$1]) }
      let (low, high) = (entry(at: (total - 1) / 2, entries, owners, weights), entry(at: total / 2, entries, owners, weights))
      return floored ? ((low + high) / 2).rounded(.down) : (low + high) / 2
    }
  }

  private static func weighted(_ values: [Double], _ weights: [Int32]) -> Double {
    values.withUnsafeBufferPointer { v in
      weights.withUnsafeBufferPointer { w in
        var sum = 0.0
        for i in 0..<v.count { sum += v[i] * Double(w[i]) }
        return sum
      }
    }
  }

  private func entry(at place: Int, _ entries: [Double], _ owners: [Int], _ weights: [Int32]) -> Double {
    var passed = 0
    for (entry, owner) in zip(entries, owners) {
      passed += Int(weights[owner])
      if passed > place { return entry }
    }
    return entries[entries.count - 1]
  }
}
