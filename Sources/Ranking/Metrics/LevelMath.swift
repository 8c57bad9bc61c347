import Basics

/// The value of each metric for one query, from its levels: definite places under `optimistic` and `pessimistic`, the mean
/// over all orders of tied items in closed form under `expected`.
struct LevelMath {
  let levels: ArraySlice<Level>
  let relevantCount: Int
  let policy: TiePolicy
  let tables: RankTables

  /// The level of the best-scoring relevant item. Every query has one.
  private var best: Level { levels[levels.startIndex] }

  // MARK: the best relevant item

  /// The 1-based rank.
  var rank: Double { LevelMath.rank(best, policy) }

  static func rank(_ level: Level, _ policy: TiePolicy) -> Double {
    switch policy {
    case .optimistic, .clip4clip: Double(level.above + 1)
    case .pessimistic: Double(level.above + level.tied + 1)
    case .expected: Double(level.above) + Double(level.tied) / Double(level.relevant + 1) + 1
    case .ce: Double(level.above) + Double(level.size - 1) / 2 + 1
    }
  }

  /// The chance that the best relevant item is in the top K; 0 or 1 where places are definite.
  func hit(_ cutoff: Int) -> Double {
    // The collaborative-experts code asks for zero-based rank 0 at K = 1 and for less than K otherwise, halves included.
    if policy == .ce, cutoff > 1 { return rank - 1 < Double(cutoff) ? 1 : 0 }
    guard policy == .expected else { return rank <= Double(cutoff) ? 1 : 0 }
    let drawn = min(max(cutoff - best.above, 0), best.size)
    // C(t, m) / C(t + p, m), the chance that m draws from the tied items hold no relevant one.
    var missed = 1.0
    for i in 0..<best.relevant {
      let left = best.size - drawn - i
      if left <= 0 { return 1 }
      missed *= Double(left) / Double(best.size - i)
    }
    return 1 - missed
  }

  var reciprocalRank: Double {
    guard policy == .expected, best.tied > 0 else { return 1 / rank }
    if best.relevant == 1 { return harmonic(best.above, best.size) / Double(best.size) }
    // P(the first relevant of p among n is the m-th) = C(n − m, p − 1) / C(n, p), by its recurrence in m.
    var chance = Double(best.relevant) / Double(best.size)
    var mean = 0.0
    for m in 1...(best.tied + 1) {
      mean += chance / Double(best.above + m)
      chance *= Double(best.tied + 1 - m) / Double(best.size - m)
    }
    return mean
  }

  // MARK: all relevant items

  /// Mean number of relevant items in the top K.
  func hits(_ cutoff: Int) -> Double {
    var sum = 0.0
    for level in levels {
      if policy == .expected {
        let taken = min(max(cutoff - level.start, 0), level.size)
        sum += Double(level.relevant * taken) / Double(level.size)
      } else {
        sum += Double(min(max(cutoff - first(level), 0), level.relevant))
      }
    }
    return sum
  }

  /// Average precision, cut at K (nil: the whole ranking).
  func averagePrecision(_ cutoff: Int?) -> Double {
    levels.reduce(0) { $0 + precisions($1, cutoff ?? .max) } / Double(min(cutoff ?? .max, relevantCount))
  }

  /// Σ of the precisions at the places ≤ K of a level's relevant items.
  private func precisions(_ level: Level, _ cutoff: Int) -> Double {
    if policy != .expected || level.tied == 0 {
      let taken = min(max(cutoff - first(level), 0), level.relevant)
      let (better, before) = (level.relevantAbove, first(level))
      var sum = 0.0
      for place in stride(from: 1, through: taken, by: 1) { sum += Double(better + place) / Double(before + place) }
      return sum
    }
    // At the m-th tied place stands a relevant item with chance p/n; among the m − 1 before it are then, on average,
    // (m − 1)(p − 1)/(n − 1) relevant ones.
    let (n, p, start) = (Double(level.size), Double(level.relevant), Double(level.start))
    let taken = min(max(cutoff - level.start, 0), level.size)
    let slope = (p - 1) / (n - 1)
    let constant = Double(level.relevantAbove) + 1
    if taken <= 64 {
      var sum = 0.0
      for m in 0..<taken {
        let relevantBefore = Double(m) * slope
        sum += (constant + relevantBefore) / (start + Double(m) + 1)
      }
      return p / n * sum
    }
    let rest = constant - (start + 1) * slope
    return p / n * (Double(taken) * slope + rest * harmonic(level.start, taken))
  }

  /// Binary discounted gain in the top K over the best possible one.
  func gain(_ cutoff: Int?) -> Double {
    let cutoff = cutoff ?? .max
    var found = 0.0
    for level in levels {
      if policy == .expected {
        let taken = min(max(cutoff - level.start, 0), level.size)
        found += Double(level.relevant) / Double(level.size) * discount(level.start, taken)
      } else {
        let taken = min(max(cutoff - first(level), 0), level.relevant)
        found += discount(first(level), taken)
      }
    }
    return found / discount(0, min(relevantCount, cutoff))
  }

  /// Average precision with the relevant items found in the top K as divisor, 0 where none is found: what
  /// deep hashing reports as mAP@K.
  ///
  /// Only the level that the cut-off goes through leaves open how many are found. Where j of its relevant
  /// items are among its first m places, all orders of these places are equally likely: they are a level of m
  /// items themselves.
  func foundPrecision(_ cutoff: Int) -> Double {
    var (sum, found) = (0.0, 0)
    for level in levels {
      let places = cutoff - level.start
      if policy == .expected, level.tied > 0, places > 0, places < level.size {
        return LevelMath.drawn(level, places).reduce(0) { mean, draw in
          if found + draw.count == 0 { return mean }
          let part = Level(
            above: level.above, tied: places - draw.count, relevant: draw.count, relevantAbove: level.relevantAbove)
          let own = draw.count > 0 ? precisions(part, cutoff) : 0
          return mean + draw.chance * (sum + own) / Double(found + draw.count)
        }
      }
      sum += precisions(level, cutoff)
      found += min(max(cutoff - first(level), 0), level.relevant)
    }
    return found == 0 ? 0 : sum / Double(found)
  }

  /// How many relevant items the first `places` of a level's items hold (hypergeometric), with the chance of
  /// each number: by the recurrence from the likeliest one, as far as chances count in double.
  private static func drawn(_ level: Level, _ places: Int) -> [(count: Int, chance: Double)] {
    let (n, p, m) = (level.size, level.relevant, places)
    let (least, most) = (max(0, m - level.tied), min(m, p))
    let mode = min(max((m + 1) * (p + 1) / (n + 2), least), most)
    var weights = [(count: mode, chance: 1.0)]
    var weight = 1.0
    for j in stride(from: mode, to: most, by: 1) {
      weight *= Double((p - j) * (m - j)) / Double((j + 1) * (level.tied - m + j + 1))
      if weight < 1e-18 { break }
      weights.append((j + 1, weight))
    }
    weight = 1
    for j in stride(from: mode, to: least, by: -1) {
      weight *= Double(j * (level.tied - m + j)) / Double((p - j + 1) * (m - j + 1))
      if weight < 1e-18 { break }
      weights.append((j - 1, weight))
    }
    let total = weights.reduce(0) { $0 + $1.chance }
    return weights.map { ($0.count, $0.chance / total) }
  }

  // MARK: places

  /// Places before the level's first relevant item, where they are definite.
  private func first(_ level: Level) -> Int { level.start + (policy == .pessimistic ? level.tied : 0) }

  /// Σ 1/i over the `count` places after `start`.
  private func harmonic(_ start: Int, _ count: Int) -> Double {
    if count > 64 { return tables.harmonic[start + count] - tables.harmonic[start] }
    var sum = 0.0
    for place in stride(from: start + 1, through: start + count, by: 1) { sum += 1 / Double(place) }
    return sum
  }

  /// Σ 1/log₂(i + 1) over the `count` places after `start`.
  private func discount(_ start: Int, _ count: Int) -> Double {
    count > 0 ? tables.discount[start + count] - tables.discount[start] : 0
  }
}
