import COpenBLAS
import Foundation

/// Approximate scores of whole tiles by one f32 GEMM each, with a bound on how far they can be from the true ones. Pairs
/// that the bound cannot decide go to ``Scorer``.
///
/// Rows are scaled by powers of two (or, under cosine, normalised) so that no product overflows. Under the Euclidean
/// distance two columns are appended, `[2q, −‖q‖², 1]·[g, 1, −‖g‖²] = −‖q − g‖²`, so that a tile is a plain GEMM.
struct TileFilter: Sendable {
  let scorer: Scorer
  /// Columns of the GEMM.
  let width: Int
  /// True when every f32 operation of the GEMM is exact (integers below 2²⁴): tiles then need no second look.
  let isExact: Bool
  private let queryScale: Double
  private let galleryScale: Double
  /// Error of a score per unit of (‖q‖² + ‖g‖²), or absolute under cosine.
  private let relativeError: Double

  init(_ scorer: Scorer) {
    self.scorer = scorer
    let dimension = scorer.queries.dimension
    width = scorer.similarity == .euclidean ? dimension + 2 : dimension
    let queryNorm = scorer.queries.largestSquaredNorm.squareRoot()
    let galleryNorm = scorer.gallery.largestSquaredNorm.squareRoot()
    switch scorer.similarity {
    case .cosine: (queryScale, galleryScale) = (1, 1)
    case .dot: (queryScale, galleryScale) = (TileFilter.scale(queryNorm), TileFilter.scale(galleryNorm))
    case .euclidean:
      queryScale = TileFilter.scale(max(queryNorm, galleryNorm))
      galleryScale = queryScale
    }
    // n·u bounds the relative error of a sum of n products in any order; the rest covers rounding of the inputs.
    let bound = 1.05 * Double(width + 8) * 0x1p-24
    relativeError = scorer.similarity == .euclidean ? 2 * bound : bound / 2
    isExact = TileFilter.allExact(scorer)
  }

  private static func scale(_ norm: Double) -> Double {
    norm > 0 && norm.isFinite ? Double(sign: .plus, exponent: -norm.exponent - 1, significand: 1) : 1
  }

  private static func allExact(_ scorer: Scorer) -> Bool {
    guard scorer.similarity != .cosine, let queryLargest = scorer.queries.integerMagnitude,
      let galleryLargest = scorer.gallery.integerMagnitude
    else { return false }
    let (q, g) = (Double(queryLargest), Double(galleryLargest))
    var term: Double = q * g
    if scorer.similarity == .euclidean { term = 2 * term + q * q + g * g }
    return max(q, g, term * Double(scorer.queries.dimension)) < 0x1p24
  }

  /// How far a tile's score for this query (gallery row) may be off, this side's share.
  func slack(query i: Int) -> Double { slack(scorer.queries.squaredNorms[i] * queryScale * queryScale) }
  func slack(item g: Int) -> Double { slack(scorer.gallery.squaredNorms[g] * galleryScale * galleryScale) }

  private func slack(_ squaredNorm: Double) -> Double {
    if isExact { return 0 }
    return relativeError * (scorer.similarity == .cosine ? 1 : squaredNorm) + 1e-30
  }

  /// The threshold, in the unit of a tile, that belongs to a pair.
  func threshold(query: Int, item: Int) -> Double {
    let score = scorer.score(query: query, item: item)
    return scorer.similarity == .cosine ? score : score * queryScale * galleryScale
  }

  /// The f32 interval outside of which a tile's score decides.
  func interval(_ threshold: Double, slack: Double) -> (low: Float, high: Float) {
    if isExact { return (Float(threshold), Float(threshold)) }
    return (Float(threshold - slack).nextDown, Float(threshold + slack).nextUp)
  }

  /// Writes rows as the GEMM wants them. `[range.count, width]`
  func prepareQueries(_ range: Range<Int>, into out: UnsafeMutablePointer<Float>) {
    let euclidean = scorer.similarity == .euclidean
    prepare(scorer.queries, range, scale: queryScale * (euclidean ? 2 : 1), into: out) { row, norm in
      row[width - 2] = Float(-norm * queryScale * queryScale)
      row[width - 1] = 1
    }
  }

  func prepareGallery(_ range: Range<Int>, into out: UnsafeMutablePointer<Float>) {
    prepare(scorer.gallery, range, scale: galleryScale, into: out) { row, norm in
      row[width - 2] = 1
      row[width - 1] = Float(-norm * galleryScale * galleryScale)
    }
  }

  private func prepare(
    _ rows: RowSet, _ range: Range<Int>, scale: Double, into out: UnsafeMutablePointer<Float>,
    extra: (UnsafeMutablePointer<Float>, Double) -> Void
  ) {
    for i in range {
      let target = out + (i - range.lowerBound) * width
      let norm = rows.squaredNorms[i]
      let factor = scorer.similarity == .cosine ? (norm > 0 ? 1 / norm.squareRoot() : 0) : scale
      rows.withRow(i) { source in
        for d in 0..<rows.dimension { target[d] = Float(Double(source[d]) * factor) }
      }
      if width > rows.dimension { extra(target, norm) }
    }
  }

  /// `out[m, n] = queries[m, width] · gallery[n, width]ᵀ`
  func multiply(
    _ queries: UnsafePointer<Float>, _ m: Int, _ gallery: UnsafePointer<Float>, _ n: Int,
    into out: UnsafeMutablePointer<Float>
  ) {
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, blasint(m), blasint(n), blasint(width), 1, queries, blasint(width),
      gallery, blasint(width), 0, out, blasint(n))
  }
}
