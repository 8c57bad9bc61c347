import Basics
import COpenBLAS

/// Principal component analysis: the directions of largest variance of a set of rows.
///
/// The smaller of the covariance `[D, D]` and the Gram matrix `[N, N]` is decomposed (LAPACK dsyevd, in double). Each
/// component's sign is fixed: its value of largest magnitude is positive.
public struct PCA: Sendable {
  public let dimension: Int
  /// Mean of the rows. `[D]`
  public let mean: [Double]
  /// Unit directions, largest variance first; a direction without variance is a zero row. `[C, D]`, row-major
  public let components: [Double]
  /// Variance along each component (divisor N − 1), descending. `[C]`
  public let variances: [Double]

  public var componentCount: Int { variances.count }

  /// - Parameters:
  ///   - rows: `[N, D]`, row-major, N ≥ 2.
  ///   - dimension: D.
  ///   - components: C, 1 … min(N, D).
  /// - Throws: ``IeumError``: data for rows that do not fit or are not finite, usage for a number of components that does
  ///   not exist, system when LAPACK fails.
  public static func fit(_ rows: [Float], dimension: Int, components: Int = 2) throws -> PCA {
    let count = try checkedCount(rows, dimension)
    guard components >= 1, components <= min(count, dimension) else {
      throw IeumError(
        .usage, "\(components) components of \(count) rows with \(dimension) columns do not exist",
        remedy: "ask for 1 … \(min(count, dimension))")
    }
    let centred = Centred(rows, count: count, dimension: dimension)
    return dimension <= count
      ? try centred.byCovariance(components) : try centred.byGram(components)
  }

  private static func checkedCount(_ rows: [Float], _ dimension: Int) throws -> Int {
    guard dimension > 0, rows.count % dimension == 0, rows.count / dimension >= 2 else {
      throw IeumError(
        .data, "\(rows.count) values are not at least two rows of \(dimension)", remedy: "give two rows or more")
    }
    if let bad = rows.firstIndex(where: { !$0.isFinite }) {
      throw IeumError(
        .data, "the value \(rows[bad]) has no place in a PCA", place: "row \(bad / dimension), column \(bad % dimension)",
        remedy: "encode this row again or leave it out")
    }
    return rows.count / dimension
  }

  /// Coordinates of rows along the components. `[N, D]` → `[N, C]`
  /// - Throws: ``IeumError`` (data) when the rows do not have this dimension.
  public func project(_ rows: [Float]) throws -> [Float] {
    guard rows.count % dimension == 0 else {
      throw IeumError(
        .data, "\(rows.count) values are not rows of \(dimension)", remedy: "project rows of the dimension it was fitted on")
    }
    let count = rows.count / dimension
    var out = [Float](repeating: 0, count: count * componentCount)
    for i in 0..<count {
      for c in 0..<componentCount {
        var sum = 0.0
        for d in 0..<dimension { sum += (Double(rows[i * dimension + d]) - mean[d]) * components[c * dimension + d] }
        out[i * componentCount + c] = Float(sum)
      }
    }
    return out
  }
}

/// Rows about their mean, and the two ways to their principal directions.
private struct Centred {
  let count: Int
  let dimension: Int
  let mean: [Double]
  let rows: [Float]

  init(_ rows: [Float], count: Int, dimension: Int) {
    var mean = [Double](repeating: 0, count: dimension)
    for i in 0..<count { for d in 0..<dimension { mean[d] += Double(rows[i * dimension + d]) } }
    self.mean = mean.map { $0 / Double(count) }
    self.count = count
    self.dimension = dimension
    self.rows = rows
  }

  private func block(_ range: Range<Int>) -> [Double] {
    var out = [Double](repeating: 0, count: range.count * dimension)
    for i in range {
      let row = (i - range.lowerBound) * dimension
      for d in 0..<dimension { out[row + d] = Double(rows[i * dimension + d]) - mean[d] }
    }
    return out
  }

  func byCovariance(_ wanted: Int) throws -> PCA {
    var matrix = [Double](repeating: 0, count: dimension * dimension)
    // Blocks of rows: a double copy of everything would be twice the input.
    for start in stride(from: 0, to: count, by: 1024) {
      let part = block(start..<min(start + 1024, count))
      let n = blasint(part.count / dimension)
      cblas_dgemm(
        CblasRowMajor, CblasTrans, CblasNoTrans, blasint(dimension), blasint(dimension), n, 1 / Double(count - 1), part,
        blasint(dimension), part, blasint(dimension), 1, &matrix, blasint(dimension))
    }
    let values = try Centred.decompose(&matrix, dimension)
    let order = (0..<wanted).map { dimension - 1 - $0 }
    return PCA(
      dimension: dimension, mean: mean,
      components: order.flatMap { Centred.signed(matrix[($0 * dimension)..<(($0 + 1) * dimension)]) },
      variances: order.map { max(0, values[$0]) })
  }

  func byGram(_ wanted: Int) throws -> PCA {
    let all = block(0..<count)
    var gram = [Double](repeating: 0, count: count * count)
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, blasint(count), blasint(count), blasint(dimension),
      1 / Double(count - 1), all, blasint(dimension), all, blasint(dimension), 0, &gram, blasint(count))
    let values = try Centred.decompose(&gram, count)
    let floor = max(values[count - 1], 0) * 1e-12
    var components: [Double] = []
    for k in (0..<wanted).map({ count - 1 - $0 }) {
      var direction = [Double](repeating: 0, count: dimension)
      if values[k] > floor {
        let vector = Array(gram[(k * count)..<((k + 1) * count)])
        cblas_dgemv(
          CblasRowMajor, CblasTrans, blasint(count), blasint(dimension), 1, all, blasint(dimension), vector, 1, 0,
          &direction, 1)
        let norm = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
        direction = direction.map { $0 / norm }
      }
      components += Centred.signed(direction[...])
    }
    return PCA(
      dimension: dimension, mean: mean, components: components,
      variances: (0..<wanted).map { max(0, values[count - 1 - $0]) })
  }

  /// Eigenvalues ascending; row k of the matrix becomes eigenvector k.
  private static func decompose(_ matrix: inout [Double], _ n: Int) throws -> [Double] {
    var values = [Double](repeating: 0, count: n)
    let info = cob_symmetric_eigen(&matrix, Int32(n), &values)
    guard info == 0 else {
      throw IeumError(
        .system, "the eigen-decomposition of a \(n) × \(n) matrix failed (LAPACK dsyevd, info \(info))",
        remedy: info == -1000 ? "free memory or use fewer dimensions" : "check the rows for extreme values")
    }
    return values
  }

  private static func signed(_ vector: ArraySlice<Double>) -> [Double] {
    let largest = vector.max { abs($0) < abs($1) } ?? 0
    return largest < 0 ? vector.map { -$0 } : Array(vector)
  }
}
