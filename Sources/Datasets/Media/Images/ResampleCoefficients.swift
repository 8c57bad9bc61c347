import Basics
import CResample

/// The weights with which one axis of a picture is resampled: for every output position a run of input positions.
///
/// As Pillow's `Resample.c` computes them: the kernel is widened by the reduction factor (so that shrinking
/// antialiases), sampled in double precision, normalised and rounded to 22-bit fixed point.
struct ResampleCoefficients {
  /// Per output position: the first input position.
  let starts: [Int]
  /// Per output position: how many inputs take part.
  let counts: [Int]
  /// Weights per output position.
  let stride: Int
  /// `[outputs, stride]`, fixed point.
  let weights: [Int32]

  init(input: Int, output: Int, interpolation: ImagePreprocessing.Interpolation) {
    let scale = Double(input) / Double(output)
    let widening = max(scale, 1)
    let support = (interpolation == .bilinear ? 1.0 : 2.0) * widening
    let stride = Int(support.rounded(.up)) * 2 + 1
    var starts: [Int] = []
    var counts: [Int] = []
    var weights = [Int32](repeating: 0, count: output * stride)
    for position in 0..<output {
      let center = (Double(position) + 0.5) * scale
      let first = max(Int(center - support + 0.5), 0)
      let count = min(Int(center + support + 0.5), input) - first
      let run = (0..<count).map {
        Self.kernel((Double($0 + first) - center + 0.5) * (1 / widening), interpolation)
      }
      let sum = run.reduce(0, +)
      for (index, weight) in run.enumerated() {
        weights[position * stride + index] = Self.fixed(sum == 0 ? weight : weight / sum)
      }
      starts.append(first)
      counts.append(count)
    }
    self.starts = starts
    self.counts = counts
    self.stride = stride
    self.weights = weights
  }

  /// The input positions that a range of outputs needs.
  func inputs(of outputs: Range<Int>) -> Range<Int> {
    let last = outputs.upperBound - 1
    return starts[outputs.lowerBound]..<starts[last] + counts[last]
  }

  /// The coefficients as the kernels read them.
  func withAxis(_ body: (cresample_axis) -> Void) {
    starts.withUnsafeBufferPointer { starts in
      counts.withUnsafeBufferPointer { counts in
        weights.withUnsafeBufferPointer { weights in
          body(
            cresample_axis(
              starts: starts.baseAddress, counts: counts.baseAddress, weights: weights.baseAddress, stride: stride,
              most: counts.max() ?? 0))
        }
      }
    }
  }

  private static func fixed(_ weight: Double) -> Int32 {
    let scaled = weight * Double(1 << CRESAMPLE_BITS)
    return Int32(weight < 0 ? scaled - 0.5 : scaled + 0.5)
  }

  /// Triangle, or Keys' cubic with a = −0.5.
  private static func kernel(_ offset: Double, _ interpolation: ImagePreprocessing.Interpolation) -> Double {
    let x = abs(offset)
    switch interpolation {
    case .bilinear: return x < 1 ? 1 - x : 0
    case .bicubic:
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
      return 0
    }
  }
}
