import Basics
import Tensors

/// All distances between two sets of rows, for choosing negatives; nothing is differentiated through it.
///
/// Each entry is summed in the same order, so identical rows are at bit-identical distances: the strict
/// inequalities of the semi-hard region would otherwise depend on how a matrix product is tiled.
/// - Complexity: O(N·M·D) time, O((N + M)·D + N·M) memory.
struct DistanceTable {
  let columns: Int
  private let values: [Double]

  init(_ a: Tensor, _ b: Tensor, _ distance: RowDistance) throws {
    let dimension = a.shape[1]
    let (left, right) = (try Self.padded(a, distance), try Self.padded(b, distance))
    let width = Self.lanes(dimension)
    let (rows, columns) = (a.shape[0], b.shape[0])
    var values = [Double](repeating: 0, count: rows * columns)
    for i in 0..<rows {
      for j in 0..<columns {
        values[i * columns + j] = Self.distance(left, i * width, right, j * width, width, distance)
      }
    }
    self.columns = columns
    self.values = values
  }

  /// Distances of row i to every row of the other side.
  func row(_ i: Int) -> ArraySlice<Double> { values[i * columns..<(i + 1) * columns] }

  private typealias Lanes = SIMD8<Double>

  private static func lanes(_ dimension: Int) -> Int { (dimension + 7) / 8 }

  /// Rows as vectors of eight lanes, filled up with zeros; unit rows for the cosine distance.
  private static func padded(_ rows: Tensor, _ distance: RowDistance) throws -> [Lanes] {
    var source = try rows.detached().to(.float64)
    if distance == .cosine { source = try RowGeometry.unit(source) }
    let (dimension, values) = (rows.shape[1], try source.doubles())
    let width = lanes(dimension)
    var result = [Lanes](repeating: .zero, count: rows.shape[0] * width)
    for i in 0..<rows.shape[0] {
      for d in 0..<dimension { result[i * width + d / 8][d % 8] = values[i * dimension + d] }
    }
    return result
  }

  @inline(__always)
  private static func distance(
    _ a: [Lanes], _ i: Int, _ b: [Lanes], _ j: Int, _ width: Int, _ distance: RowDistance
  ) -> Double {
    var sum = Lanes.zero
    switch distance {
    case .euclidean:
      for k in 0..<width {
        let difference = a[i + k] - b[j + k]
        sum += difference * difference
      }
      return sum.sum().squareRoot()
    case .cosine:
      for k in 0..<width { sum += a[i + k] * b[j + k] }
      return 1 - sum.sum()
    }
  }
}
