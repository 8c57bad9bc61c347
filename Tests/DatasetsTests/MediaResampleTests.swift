import Basics
import Datasets
import Testing

/// The resampling kernels against Pillow's definition in plain loops, on the sizes at which vectors end.
@Suite struct MediaResampleTests {
  private struct Plain {
    let width: Int
    let height: Int
    /// `[height][width]` of red, green, blue.
    var rows: [[[Int]]]

    var transposed: Plain {
      Plain(width: height, height: width, rows: (0..<width).map { x in (0..<height).map { rows[$0][x] } })
    }

    func resized(width output: Int, _ interpolation: ImagePreprocessing.Interpolation) -> Plain {
      guard output != width else { return self }
      let scale = Double(width) / Double(output)
      let widening = max(1, scale)
      let support = (interpolation == .bilinear ? 1 : 2) * widening
      var result = Plain(width: output, height: height, rows: Array(repeating: [], count: height))
      for position in 0..<output {
        let center = (Double(position) + 0.5) * scale
        let inputs = max(0, Int(center - support + 0.5))..<min(width, Int(center + support + 0.5))
        let kernel = inputs.map { Self.kernel((Double($0) - center + 0.5) * (1 / widening), interpolation) }
        let sum = kernel.reduce(0, +)
        let weights = kernel.map { Int(($0 / sum * Double(1 << 22)).rounded(.toNearestOrAwayFromZero)) }
        for y in 0..<height {
          result.rows[y].append(
            (0..<3).map { channel in
              let total = zip(inputs, weights).reduce(1 << 21) { $0 + rows[y][$1.0][channel] * $1.1 }
              return min(255, max(0, total >> 22))
            })
        }
      }
      return result
    }

    private static func kernel(_ offset: Double, _ interpolation: ImagePreprocessing.Interpolation) -> Double {
      let x = abs(offset)
      if interpolation == .bilinear { return max(0, 1 - x) }
      if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0
    }
  }

  private static func picture(_ width: Int, _ height: Int) -> (image: RGBImage, plain: Plain) {
    var generator = SeededGenerator(seed: UInt64(width * 1000 + height))
    let bytes = (0..<3 * width * height).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    let rows = (0..<height).map { y in
      (0..<width).map { x in (0..<3).map { Int(bytes[3 * (y * width + x) + $0]) } }
    }
    return (RGBImage(width: width, height: height, pixels: bytes), Plain(width: width, height: height, rows: rows))
  }

  /// Sides from one pixel to more than a vector, made smaller, larger, or kept, in both orders of the axes.
  @Test(arguments: [
    (1, 1, 1), (1, 1, 5), (1, 7, 3), (7, 1, 1), (2, 3, 2), (3, 2, 9), (5, 5, 5), (11, 13, 4), (33, 65, 32), (64, 31, 10),
    (97, 40, 40), (40, 97, 23), (23, 150, 22), (130, 12, 7), (17, 17, 35),
  ])
  func kernelsGivePillowsPixels(width: Int, height: Int, short: Int) throws {
    let (image, plain) = Self.picture(width, height)
    let (w, h) = width <= height ? (short, max(1, short * height / width)) : (max(1, short * width / height), short)
    let reduced = height - h
    let downFirst = reduced > 0 && reduced > 2 * (width - w)
    // The whole result, and its middle.
    for side in [max(w, h), max(1, min(w, h) - 2)] {
      for interpolation in [ImagePreprocessing.Interpolation.bilinear, .bicubic] {
        let expected =
          downFirst
          ? plain.transposed.resized(width: h, interpolation).transposed.resized(width: w, interpolation)
          : plain.resized(width: w, interpolation).transposed.resized(width: h, interpolation).transposed
        let settings = ImagePreprocessing(
          resize: short, crop: side, interpolation: interpolation, mean: [0, 0, 0], std: [1, 1, 1])
        let found = try ImagePreprocessor.apply(image, settings)
        try #require(found.count == 3 * side * side)
        func start(_ size: Int) -> Int {
          size < side ? -((side - size) / 2) : Int((Double(size - side) / 2).rounded(.toNearestOrEven))
        }
        let (left, top) = (start(w), start(h))
        var wrong = 0
        for channel in 0..<3 {
          for y in 0..<side {
            for x in 0..<side {
              let inside = (0..<h).contains(y + top) && (0..<w).contains(x + left)
              let value = inside ? expected.rows[y + top][x + left][channel] : 0
              if found[(channel * side + y) * side + x] != Float(value) / 255 { wrong += 1 }
            }
          }
        }
        #expect(wrong == 0, "\(interpolation), \(w)×\(h) cut to \(side)")
      }
    }
  }
}
