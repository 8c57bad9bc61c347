import Basics
import CResample

/// Resizes 8-bit pictures as Pillow does: along one axis, rounded to 8 bits, then along the other.
///
/// The order shows in the rounding. It is along x first, except where the height shrinks by more than twice the pixels
/// by which the width does; so Pillow 13 behaves (older versions go along x first always).
enum ImageResampler {
  /// A finished row, `3 * columns.count` bytes, and its number among `rows` from 0.
  typealias Row = (Int, UnsafePointer<UInt8>) -> Void

  /// The part `columns` × `rows` of `image` resized to `width` × `height`; only that part is computed.
  /// - Complexity: O(rows needed · columns · filter width).
  static func resize(
    _ image: RGBImage, width: Int, height: Int, interpolation: ImagePreprocessing.Interpolation,
    columns: Range<Int>, rows: Range<Int>
  ) -> RGBImage {
    let line = 3 * columns.count
    let pixels = [UInt8](unsafeUninitializedCapacity: line * rows.count) { out, count in
      eachRow(of: image, width: width, height: height, interpolation: interpolation, columns: columns, rows: rows) {
        out.baseAddress?.advanced(by: $0 * line).update(from: $1, count: line)
      }
      count = line * rows.count
    }
    return RGBImage(width: columns.count, height: rows.count, pixels: pixels)
  }

  /// The same, row by row from the top.
  static func eachRow(
    of image: RGBImage, width: Int, height: Int, interpolation: ImagePreprocessing.Interpolation,
    columns: Range<Int>, rows: Range<Int>, _ body: Row
  ) {
    let x = width == image.width
      ? nil : ResampleCoefficients(input: image.width, output: width, interpolation: interpolation)
    let y = height == image.height
      ? nil : ResampleCoefficients(input: image.height, output: height, interpolation: interpolation)
    let reducedRows = image.height - height
    let goesDownFirst = reducedRows > 0 && reducedRows > 2 * (image.width - width)
    let source = Pixels(image)
    guard let y else { return source.across(x, columns, rows: rows, body) }
    let needed = y.inputs(of: rows)
    if goesDownFirst, let x {
      let part = source.part(x.inputs(of: columns), rows: needed)
      Pixels(columns: part.columns, rows: rows) { part.down(y, rows, $0) }.across(x, columns, rows: rows, body)
    } else {
      Pixels(columns: columns, rows: needed) { source.across(x, columns, rows: needed, $0) }.down(y, rows, body)
    }
  }
}

/// Some columns and rows of a picture, each under its number in the whole one.
private struct Pixels {
  let columns: Range<Int>
  private let firstRow: Int
  private let bytes: [UInt8]

  private var line: Int { 3 * columns.count }

  init(_ image: RGBImage) { (columns, firstRow, bytes) = (0..<image.width, 0, image.pixels) }

  /// Filled by the rows that `make` hands over.
  init(columns: Range<Int>, rows: Range<Int>, _ make: (ImageResampler.Row) -> Void) {
    (self.columns, firstRow) = (columns, rows.lowerBound)
    let line = 3 * columns.count
    bytes = [UInt8](unsafeUninitializedCapacity: line * rows.count) { out, count in
      make { out.baseAddress?.advanced(by: $0 * line).update(from: $1, count: line) }
      count = line * rows.count
    }
  }

  func part(_ columns: Range<Int>, rows: Range<Int>) -> Pixels {
    Pixels(columns: columns, rows: rows) { across(nil, columns, rows: rows, $0) }
  }

  /// Rows resampled along x, or cut to `columns` where there is nothing to resample.
  func across(
    _ coefficients: ResampleCoefficients?, _ columns: Range<Int>, rows: Range<Int>, _ body: ImageResampler.Row
  ) {
    bytes.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      guard let coefficients else {
        let offset = 3 * (columns.lowerBound - self.columns.lowerBound)
        for (index, row) in rows.enumerated() { body(index, base + (row - firstRow) * line + offset) }
        return
      }
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 3 * columns.count) { out in
        guard let target = out.baseAddress else { return }
        coefficients.withAxis { axis in
          for (index, row) in rows.enumerated() {
            cresample_across(
              base + (row - firstRow) * line, self.columns.count, self.columns.lowerBound, axis, columns.lowerBound,
              columns.upperBound, target)
            body(index, target)
          }
        }
      }
    }
  }

  /// Rows resampled along y.
  func down(_ coefficients: ResampleCoefficients, _ rows: Range<Int>, _ body: ImageResampler.Row) {
    bytes.withUnsafeBufferPointer { bytes in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: line) { out in
        guard let base = bytes.baseAddress, let target = out.baseAddress else { return }
        coefficients.withAxis { axis in
          for (index, row) in rows.enumerated() {
            cresample_down(base, line, firstRow, axis, row, target)
            body(index, target)
          }
        }
      }
    }
  }
}
