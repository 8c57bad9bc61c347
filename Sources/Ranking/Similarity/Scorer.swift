import COpenBLAS

/// The score that decides: computed for one pair at a time in double, in an order that depends on nothing but the two
/// rows. Whatever the tiles, equal rows tie exactly, and integer-valued rows tie exactly where mathematics says so.
struct Scorer: Sendable {
  let similarity: Similarity
  let queries: RowSet
  let gallery: RowSet
  /// Where several gallery rows are one candidate, the rows of candidate c: `groups[c]..<groups[c + 1]`.
  var groups: [Int]?

  /// The best row's key.
  func key(query: Int, item: Int) -> Double { best(item) { rowKey(query: query, item: $0) } }

  /// The best row's score in the unit of the similarity itself: dot product, cosine, negated squared distance.
  func score(query: Int, item: Int) -> Double { best(item) { rowScore(query: query, item: $0) } }

  private func best(_ item: Int, _ value: (Int) -> Double) -> Double {
    guard let groups else { return value(item) }
    return (groups[item]..<groups[item + 1]).reduce(-.infinity) { max($0, value($1)) }
  }

  /// A key that orders the gallery for one query; larger = closer. Under cosine it is sign·dot²/‖g‖²: the query's norm is
  /// the same for all, and the quotient of exact numbers is rounded once, so no square root can split a tie.
  private func rowKey(query: Int, item: Int) -> Double {
    switch similarity {
    case .dot: dot(query, item)
    case .euclidean: -squaredDistance(query, item)
    case .cosine: Scorer.cosineKey(dot(query, item), squaredNorm: gallery.squaredNorms[item])
    }
  }

  /// The same for the other direction, where there are no groups: orders the queries for one gallery item.
  func reverseKey(query: Int, item: Int) -> Double {
    switch similarity {
    case .dot: dot(query, item)
    case .euclidean: -squaredDistance(query, item)
    case .cosine: Scorer.cosineKey(dot(query, item), squaredNorm: queries.squaredNorms[query])
    }
  }

  private func rowScore(query: Int, item: Int) -> Double {
    switch similarity {
    case .dot: return dot(query, item)
    case .euclidean: return -squaredDistance(query, item)
    case .cosine:
      let norms = queries.squaredNorms[query].squareRoot() * gallery.squaredNorms[item].squareRoot()
      return norms == 0 ? 0 : dot(query, item) / norms
    }
  }

  private func dot(_ query: Int, _ item: Int) -> Double {
    pair(query, item, cob_dot)
  }

  private func squaredDistance(_ query: Int, _ item: Int) -> Double {
    pair(query, item, cob_squared_distance)
  }

  private func pair(
    _ query: Int, _ item: Int, _ value: (UnsafePointer<Float>, UnsafePointer<Float>, Int64) -> Double
  ) -> Double {
    queries.withRow(query) { q in gallery.withRow(item) { g in value(q, g, Int64(queries.dimension)) } }
  }

  private static func cosineKey(_ dot: Double, squaredNorm: Double) -> Double {
    if squaredNorm == 0 || dot == 0 { return 0 }
    let key = dot * dot / squaredNorm
    return dot < 0 ? -key : key
  }
}
