import Basics

/// Late fusion: the weighted sum of the scores of several embeddings of the same queries and gallery.
///
/// The sum of dot products is the dot product of the concatenated vectors, so no score matrix is made: queries are scaled
/// by the weights (and, under ``Normalisation/zScore``, by the inverse spread of the query's scores over the gallery; its
/// mean changes no order).
public struct ScoreFusion: Sendable {
  /// One embedding of both sides.
  public struct Part: Sendable {
    /// `[Q, D]` and `[G, D]`, row-major.
    public let queries: [Float]
    public let gallery: [Float]
    public let dimension: Int

    public init(queries: [Float], gallery: [Float], dimension: Int) {
      self.queries = queries
      self.gallery = gallery
      self.dimension = dimension
    }
  }

  public enum Normalisation: String, Sendable, CaseIterable {
    /// Scores as they are.
    case none
    /// Each part's scores are divided by their standard deviation over the gallery, query by query.
    case zScore = "z-score"
  }

  /// The vectors to rank by ``Similarity/dot``.
  public let fused: Part

  /// - Parameters:
  ///   - similarity: of every part; cosine or dot.
  ///   - weights: one per part, not negative, not all zero; only their ratios matter.
  /// - Throws: ``IeumError`` (usage) for other weights or a distance, (data) for parts of different sizes.
  public init(
    _ parts: [Part], weights: [Double], similarity: Similarity, normalisation: Normalisation = .none
  ) throws {
    guard parts.count == weights.count, weights.allSatisfy({ $0 >= 0 && $0.isFinite }), weights.contains(where: { $0 > 0 })
    else {
      throw IeumError(
        .usage, "\(weights) are not weights for \(parts.count) embeddings",
        remedy: "give one per embedding, none negative, one positive")
    }
    guard similarity != .euclidean else {
      throw IeumError(.usage, "scores of distances cannot be fused", remedy: "use --similarity cosine or dot")
    }
    let counts = parts.map { [$0.queries.count / $0.dimension, $0.gallery.count / $0.dimension] }
    guard let count = counts.first, counts.allSatisfy({ $0 == count }) else {
      throw IeumError(
        .data, "the embeddings have different numbers of queries or gallery rows: \(counts)",
        remedy: "fuse embeddings of the same queries and gallery")
    }
    let total = weights.reduce(0, +)
    let scaled = zip(parts, weights).map { part, weight in
      ScoreFusion.scaled(part, weight: weight / total, similarity, normalisation)
    }
    fused = Part(
      queries: ScoreFusion.concatenated(scaled, \.queries, rows: count[0]),
      gallery: ScoreFusion.concatenated(scaled, \.gallery, rows: count[1]),
      dimension: parts.reduce(0) { $0 + $1.dimension })
  }

  private static func scaled(
    _ part: Part, weight: Double, _ similarity: Similarity, _ normalisation: Normalisation
  ) -> Part {
    let d = part.dimension
    let gallery = similarity == .cosine ? normalised(part.gallery, d) : part.gallery
    var queries = similarity == .cosine ? normalised(part.queries, d) : part.queries
    let spread = normalisation == .zScore ? ScoreSpread(gallery, dimension: d) : nil
    for row in 0..<(queries.count / d) {
      let range = (row * d)..<((row + 1) * d)
      let deviation = spread?.deviation(queries[range]) ?? 1
      let factor = Float(deviation > 0 ? weight / deviation : weight)
      for i in range { queries[i] *= factor }
    }
    return Part(queries: queries, gallery: gallery, dimension: d)
  }

  static func normalised(_ rows: [Float], _ dimension: Int) -> [Float] {
    var rows = rows
    for start in stride(from: 0, to: rows.count, by: dimension) {
      let range = start..<(start + dimension)
      let norm = rows[range].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      if norm > 0 { for i in range { rows[i] = Float(Double(rows[i]) / norm) } }
    }
    return rows
  }

  private static func concatenated(_ parts: [Part], _ side: KeyPath<Part, [Float]>, rows: Int) -> [Float] {
    var all: [Float] = []
    all.reserveCapacity(parts.reduce(0) { $0 + $1[keyPath: side].count })
    for row in 0..<rows {
      for part in parts { all += part[keyPath: side][(row * part.dimension)..<((row + 1) * part.dimension)] }
    }
    return all
  }
}

/// The standard deviation of a query's scores over a gallery, from the gallery's covariance: `√(qᵀ C q)`.
private struct ScoreSpread {
  /// `[D, D]`
  private let covariance: [Double]
  private let dimension: Int

  init(_ gallery: [Float], dimension d: Int) {
    let rows = gallery.count / d
    var mean = [Double](repeating: 0, count: d)
    for row in 0..<rows { for i in 0..<d { mean[i] += Double(gallery[row * d + i]) / Double(rows) } }
    var sums = [Double](repeating: 0, count: d * d)
    var centred = [Double](repeating: 0, count: d)
    for row in 0..<rows {
      for i in 0..<d { centred[i] = Double(gallery[row * d + i]) - mean[i] }
      for i in 0..<d {
        let value = centred[i] / Double(rows)
        for j in 0..<d { sums[i * d + j] += value * centred[j] }
      }
    }
    (covariance, dimension) = (sums, d)
  }

  func deviation(_ query: ArraySlice<Float>) -> Double {
    let q = query.map(Double.init)
    var sum = 0.0
    for i in 0..<dimension {
      var line = 0.0
      for j in 0..<dimension { line += covariance[i * dimension + j] * q[j] }
      sum += q[i] * line
    }
    return max(0, sum).squareRoot()
  }
}
