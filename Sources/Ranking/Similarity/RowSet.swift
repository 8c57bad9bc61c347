import Basics
import COpenBLAS

/// A row-major matrix `[count, dimension]` held for the length of one evaluation, with the squared norm of each row.
final class RowSet: @unchecked Sendable {
  let count: Int
  let dimension: Int
  let values: UnsafeMutablePointer<Float>
  /// Squared norms in double, in the fixed order of `cob_dot`. `[count]`
  let squaredNorms: UnsafeMutablePointer<Double>

  init(_ rows: [Float], count: Int, dimension: Int) {
    self.count = count
    self.dimension = dimension
    values = .allocate(capacity: max(rows.count, 1))
    values.initialize(repeating: 0, count: max(rows.count, 1))
    squaredNorms = .allocate(capacity: max(count, 1))
    squaredNorms.initialize(repeating: 0, count: max(count, 1))
    rows.withUnsafeBufferPointer { if let base = $0.baseAddress { values.update(from: base, count: rows.count) } }
    let norms = UncheckedPointer(squaredNorms)
    let source = UncheckedPointer(values)
    Parallel.chunks(of: count) { range in
      for i in range {
        let row = source.pointer + i * dimension
        norms.pointer[i] = cob_dot(row, row, Int64(dimension))
      }
    }
  }

  deinit {
    values.deallocate()
    squaredNorms.deallocate()
  }

  func row(_ i: Int) -> UnsafePointer<Float> { UnsafePointer(values + i * dimension) }

  var largestSquaredNorm: Double { (0..<count).reduce(0) { max($0, squaredNorms[$1]) } }
  var zeroRows: Int { (0..<count).reduce(0) { $0 + (squaredNorms[$1] == 0 ? 1 : 0) } }

  /// The largest magnitude if every value is an integer, otherwise nil.
  var integerMagnitude: Float? {
    var largest: Float = 0
    for i in 0..<(count * dimension) {
      let value = values[i]
      guard value == value.rounded(.towardZero) else { return nil }
      largest = max(largest, value.magnitude)
    }
    return largest
  }
}
