import Basics
import COpenBLAS

/// Every row compared with the query: the ground truth, and the baseline that an approximate index must beat.
///
/// All rows are scored in single precision; those that rounding could have misplaced are decided in double,
/// so that the answer is the brute force's, ties by row.
final class ExactIndex: VectorIndex {
  static let spec = IndexSpec(
    name: "exact", summary: "every row compared with the query", source: "brute force",
    metrics: IndexMetric.allCases, buildParameters: [], searchParameters: [], fileExtension: "f32",
    sweep: [:],
    make: { vectors, metric, _ in ExactIndex(vectors, metric) },
    open: { path, shape, _ in
      guard let count = shape.count else {
        throw IeumError(.data, "its number of rows is not known", file: path)
      }
      return ExactIndex(
        try VectorMatrix(mapping: path, count: count, dimension: shape.dimension), shape.metric)
    })

  private let vectors: VectorMatrix
  let metric: IndexMetric
  /// Squared lengths of the rows; angular and dot only. `[count]`
  private let squaredNorms: [Float]
  private let largestNorm: Float

  init(_ vectors: VectorMatrix, _ metric: IndexMetric) {
    self.vectors = vectors
    self.metric = metric
    let needsNorms = metric == .angular || metric == .dot
    squaredNorms =
      needsNorms
      ? (0..<vectors.count).map { row in
        let values = vectors.row(row)
        return Float(cob_dot(values, values, Int64(vectors.dimension)))
      } : []
    largestNorm = (squaredNorms.max() ?? 0).squareRoot()
  }

  var count: Int { vectors.count }
  var dimension: Int { vectors.dimension }
  var bytes: Int { count * dimension * 4 }

  func write(to path: String) throws { try vectors.write(to: path) }

  func search(_ query: [Float], k: Int, parameters: Parameters, filter: RowFilter?) throws -> [Neighbor] {
    try check(query, k: k)
    return query.withUnsafeBufferPointer { buffer in
      guard let query = buffer.baseAddress else { return [] }
      return search(query, k: k, filter: filter)
    }
  }

  private func search(_ query: UnsafePointer<Float>, k: Int, filter: RowFilter?) -> [Neighbor] {
    let norm = Float(cob_dot(query, query, Int64(dimension)))
    let costs = costs(query, norm)
    var nearest = NearestKeys(capacity: k)
    for row in 0..<count where filter?[row] ?? true {
      nearest.offer(OrderedKey.join(OrderedKey.word(costs[row]), Int32(row)))
    }
    guard let last = nearest.sorted.last else { return [] }
    let worst = OrderedKey.value(UInt32(last >> 32))
    // Rounding of a sum of n products, on both sides of the comparison.
    let unit = Float(dimension + 8) * 0x1p-23
    let slack: Float
    switch metric {
    case .angular: slack = unit
    case .dot: slack = unit * norm.squareRoot() * largestNorm
    case .euclidean, .manhattan: slack = unit * worst.magnitude
    case .hamming: slack = 0
    }
    let limit = worst + 2 * slack
    var close: [(row: Int, distance: Double)] = []
    for row in 0..<count where costs[row] <= limit && filter?[row] ?? true {
      close.append((row, metric.distance(query, vectors.row(row), dimension)))
    }
    let sign: Double = metric.largerIsNearer ? -1 : 1
    close.sort { (sign * $0.distance, $0.row) < (sign * $1.distance, $1.row) }
    return close.prefix(k).map { Neighbor(row: $0.row, distance: Float($0.distance)) }
  }

  /// A number per row that grows with distance, in single precision.
  private func costs(_ query: UnsafePointer<Float>, _ norm: Float) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { out, filled in
      filled = count
      guard let start = out.baseAddress else { return }
      let base = UnsafeRawPointer(vectors.values).assumingMemoryBound(to: CChar.self)
      let (rows, width, stride) = (Int64(count), Int64(dimension), Int64(dimension * 4))
      switch metric {
      case .angular:
        cob_rows_dot(query, base, stride, nil, rows, width, start)
        for row in 0..<count {
          let scale = norm.squareRoot() * squaredNorms[row].squareRoot()
          start[row] = scale > 0 ? -start[row] / scale : 0
        }
      case .dot:
        cob_rows_dot(query, base, stride, nil, rows, width, start)
        for row in 0..<count { start[row] = -start[row] }
      case .euclidean: cob_rows_l2(query, base, stride, nil, rows, width, start)
      case .manhattan: cob_rows_l1(query, base, stride, nil, rows, width, start)
      case .hamming:
        for row in 0..<count { start[row] = Float(metric.distance(query, vectors.row(row), dimension)) }
      }
    }
  }
}
