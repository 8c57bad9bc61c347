import Basics

/// Resizes 8-bit pictures as Pillow does: along one axis, rounded to 8 bits, then along the other.
///
/// The order shows in the rounding. It is along x first, except where the height shrinks by more than twice the pixels
/// by which the width does; so Pillow 13 behaves (older versions go along x first always).
enum ImageResampler {
  /// The part `columns` × `rows` of `image` resized to `width` × `height`; only that part is computed.
  /// - Complexity: O(rows needed · columns · filter width).
  static func resize(
    _ image: RGBImage, width: Int, height: Int, interpolation: ImagePreprocessing.Interpolation,
    columns: Range<Int>, rows: Range<Int>
  ) -> RGBImage {
    let x = width == image.width
      ? nil : ResampleCoefficients(input: image.width, output: width, interpolation: interpolation)
    let y = height == image.height
      ? nil : ResampleCoefficients(input: image.height, output: height, interpolation: interpolation)
    let sourceColumns = x?.inputs(of: columns) ?? columns
    let sourceRows = y?.inputs(of: rows) ?? rows
    switch (x, y) {
    case (nil, nil): return copied(image, columns: columns, rows: rows)
    case (let x?, nil): return resizedInX(image, x, columns: columns, rows: rows, firstColumn: 0)
    case (nil, let y?):
      return resizedInY(copied(image, columns: columns, rows: sourceRows), y, rows: rows, firstRow: sourceRows.lowerBound)
    case (let x?, let y?):
      let reducedRows = image.height - height
      if reducedRows > 0, reducedRows > 2 * (image.width - width) {
        let part = copied(image, columns: sourceColumns, rows: sourceRows)
        let middle = resizedInY(part, y, rows: rows, firstRow: sourceRows.lowerBound)
        return resizedInX(middle, x, columns: columns, rows: 0..<rows.count, firstColumn: sourceColumns.lowerBound)
      }
      let middle = resizedInX(image, x, columns: columns, rows: sourceRows, firstColumn: 0)
      return resizedInY(middle, y, rows: rows, firstRow: sourceRows.lowerBound)
    }
  }

  private static func copied(_ image: RGBImage, columns: Range<Int>, rows: Range<Int>) -> RGBImage {
    if columns.count == image.width, rows.count == image.height { return image }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * columns.count * rows.count)
    for row in rows {
      let start = 3 * (row * image.width + columns.lowerBound)
      pixels.append(contentsOf: image.pixels[start..<start + 3 * columns.count])
    }
    return RGBImage(width: columns.count, height: rows.count, pixels: pixels)
  }

  @inline(__always)
  private static func rounded(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: min(max(sum >> ResampleCoefficients.precisionBits, 0), 255))
  }

  private static let half: Int32 = 1 << (ResampleCoefficients.precisionBits - 1)

  /// `firstColumn` is the column of the whole picture that `image` begins with.
  private static func resizedInX(
    _ image: RGBImage, _ coefficients: ResampleCoefficients, columns: Range<Int>, rows: Range<Int>, firstColumn: Int
  ) -> RGBImage {
    let size = 3 * columns.count * rows.count
    let half = half
    let pixels = [UInt8](unsafeUninitializedCapacity: size) { out, count in
      image.pixels.withUnsafeBufferPointer { source in
        coefficients.weights.withUnsafeBufferPointer { weights in
          var target = 0
          for row in rows {
            let line = 3 * (row * image.width - firstColumn)
            for column in columns {
              var from = line + 3 * coefficients.starts[column]
              var (red, green, blue) = (half, half, half)
              let first = column * coefficients.stride
              for index in first..<first &+ coefficients.counts[column] {
                let weight = weights[index]
                red &+= Int32(source[from]) &* weight
                green &+= Int32(source[from &+ 1]) &* weight
                blue &+= Int32(source[from &+ 2]) &* weight
                from &+= 3
              }
              out[target] = rounded(red)
              out[target &+ 1] = rounded(green)
              out[target &+ 2] = rounded(blue)
              target &+= 3
            }
          }
        }
      }
      count = size
    }
    return RGBImage(width: columns.count, height: rows.count, pixels: pixels)
  }

  /// `firstRow` is the row of the whole picture that `image` begins with.
  private static func resizedInY(
    _ image: RGBImage, _ coefficients: ResampleCoefficients, rows: Range<Int>, firstRow: Int
  ) -> RGBImage {
    let line = 3 * image.width
    var sums = [Int32](repeating: 0, count: line)
    let half = half
    let pixels = [UInt8](unsafeUninitializedCapacity: line * rows.count) { out, count in
      image.pixels.withUnsafeBufferPointer { source in
        sums.withUnsafeMutableBufferPointer { sums in
          for (target, row) in rows.enumerated() {
            sums.update(repeating: half)
            for index in 0..<coefficients.counts[row] {
              let weight = coefficients.weights[row * coefficients.stride + index]
              let from = (coefficients.starts[row] + index - firstRow) * line
              for x in 0..<line { sums[x] &+= Int32(source[from &+ x]) &* weight }
            }
            for x in 0..<line { out[target * line &+ x] = rounded(sums[x]) }
          }
        }
      }
      count = line * rows.count
    }
    return RGBImage(width: image.width, height: rows.count, pixels: pixels)
  }
}
