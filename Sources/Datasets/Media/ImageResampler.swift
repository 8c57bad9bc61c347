import Basics

/// Resizes 8-bit pictures as Pillow does: along x, rounded to 8 bits, then along y.
enum ImageResampler {
  /// The part `columns` × `rows` of `image` resized to `width` × `height`; only that part is computed.
  /// - Complexity: O(rows needed · columns · filter width).
  static func resize(
    _ image: RGBImage, width: Int, height: Int, interpolation: ImagePreprocessing.Interpolation,
    columns: Range<Int>, rows: Range<Int>
  ) -> RGBImage {
    let vertical = ResampleCoefficients(input: image.height, output: height, interpolation: interpolation)
    let needed: Range<Int>
    if height == image.height {
      needed = rows
    } else {
      let last = rows.upperBound - 1
      needed = vertical.starts[rows.lowerBound]..<vertical.starts[last] + vertical.counts[last]
    }
    let middle =
      width == image.width
      ? copied(image, columns: columns, rows: needed)
      : resizedInX(
        image, ResampleCoefficients(input: image.width, output: width, interpolation: interpolation),
        columns: columns, rows: needed)
    guard height != image.height else { return middle }
    return resizedInY(middle, vertical, rows: rows, firstRow: needed.lowerBound)
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

  private static func resizedInX(
    _ image: RGBImage, _ coefficients: ResampleCoefficients, columns: Range<Int>, rows: Range<Int>
  ) -> RGBImage {
    let size = 3 * columns.count * rows.count
    let half = half
    let pixels = [UInt8](unsafeUninitializedCapacity: size) { out, count in
      image.pixels.withUnsafeBufferPointer { source in
        coefficients.weights.withUnsafeBufferPointer { weights in
          var target = 0
          for row in rows {
            let line = 3 * row * image.width
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
