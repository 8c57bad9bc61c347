import Basics
import COpenBLAS

/// A row-major matrix `[count, dimension]` for the length of one evaluation, with the squared norm of each row. The values
/// are the caller's own, not a copy: a million rows of them are a gigabyte.
final class RowSet: Sendable {
  let count: Int
  let dimension: Int
  /// Squared norms in double, in the fixed order of `cob_dot`. `[count]`
  let squaredNorms: [Double]
  private let rows: [Float]

  init(_ rows: [Float], count: Int, dimension: Int) {
    (self.rows, self.count, self.dimension) = (rows, count, dimension)
    squaredNorms = [Double](unsafeUninitializedCapacity: count) { norms, initialized in
      if let base = norms.baseAddress {
        let target = UncheckedPointer(base)
        Parallel.chunks(of: count) { range in
          rows.withUnsafeBufferPointer { values in
            guard let values = values.baseAddress else { return }
            for i in range {
              let row = values + i * dimension
              (target.pointer + i).initialize(to: cob_dot(row, row, Int64(dimension)))
            }
          }
        }
      }
      initialized = count
    }
  }

  /// Calls `body` with row `i`; the following rows lie behind it.
  func withRow<Result>(_ i: Int, _ body: (UnsafePointer<Float>) -> Result) -> Result {
    rows.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { preconditionFailure("a row of an empty matrix") }
      return body(base + i * dimension)
    }
  }

  var largestSquaredNorm: Double { squaredNorms.reduce(0, max) }
  var zeroRows: Int { squaredNorms.reduce(0) { $0 + ($1 == 0 ? 1 : 0) } }

  /// The largest magnitude if every value is an integer, otherwise nil.
  var integerMagnitude: Float? {
    let pieces = (0..<Parallel.workers).map { (count * $0 / Parallel.workers)..<(count * ($0 + 1) / Parallel.workers) }
    var largest: Float = 0
    for piece in Parallel.map(pieces, { integerMagnitude(of: $0) }) {
      guard let piece else { return nil }
      largest = max(largest, piece)
    }
    return largest
  }

  private func integerMagnitude(of range: Range<Int>) -> Float? {
    rows.withUnsafeBufferPointer { values in
      var largest: Float = 0
      for i in range.lowerBound * dimension..<range.upperBound * dimension {
        let value = values[i]
        guard value == value.rounded(.towardZero) else { return nil }
        largest = max(largest, value.magnitude)
      }
      return largest
    }
  }
}
