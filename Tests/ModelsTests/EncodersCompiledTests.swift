import Basics
import Foundation
import Models
import Tensors
import Testing

/// The compiled plans against libtorch's operators, with random weights and spread-out normalisation statistics.
@Suite(.serialized) struct EncodersCompiledTests {
  private static let widest = ["resnet18", "resnet50", "inception-v3", "efficientnet-b0", "efficientnet-lite0"]

  /// Images with contrast: random ones all look alike to a network.
  private func pixels(_ count: Int, side: Int) -> [Float] {
    var values = [Float](repeating: 0, count: count * 3 * side * side)
    for image in 0..<count {
      let (fx, fy) = (0.02 + 0.03 * Float(image % 5), 0.05 - 0.01 * Float(image % 3))
      for channel in 0..<3 {
        for y in 0..<side {
          let start = ((image * 3 + channel) * side + y) * side
          for x in 0..<side {
            values[start + x] = sin(Float(x) * fx + Float(channel)) * 1.5 + cos(Float(y * (channel + 1)) * fy)
          }
        }
      }
    }
    return values
  }

  private func distance(_ a: [Float], _ b: [Float]) -> Double {
    var (difference, norm) = (0.0, 0.0)
    for (x, y) in zip(a, b) {
      difference += Double(x - y) * Double(x - y)
      norm += Double(y) * Double(y)
    }
    return (difference / norm).squareRoot()
  }

  private func cosine(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
    var (product, left, right) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      product += Double(x) * Double(y)
      left += Double(x) * Double(x)
      right += Double(y) * Double(y)
    }
    return product / (left * right).squareRoot()
  }

  @Test(arguments: widest) func compiledFeaturesAgreeWithOperators(name: String) throws {
    let spec = try ImageEncoderRegistry.named(name)
    // One more than a micro-batch at most 8, so that single images are left over.
    let count = name.hasPrefix("efficientnet") ? 3 : 9
    let pixels = pixels(count, side: spec.preprocessing.crop)
    let compiled = try ImageEncoder.load(spec, seed: 5)
    #expect(compiled.slowdown == nil)
    let operators = try ImageEncoder.load(spec, seed: 5, compiled: false)
    #expect(compiled.digest == operators.digest)
    let (own, expected) = (
      try compiled.encode(pixels: pixels, count: count), try operators.encode(pixels: pixels, count: count)
    )
    let relative = distance(own, expected)
    #expect(relative < 1e-4, "\(name): \(relative)")
    #expect(try compiled.encode(pixels: pixels, count: count) == own)
    #expect(try compiled.encode(pixels: [], count: 0).isEmpty)
    let size = pixels.count / count
    let alone = try compiled.encode(pixels: Array(pixels[size..<2 * size]), count: 1)
    #expect(distance(alone, Array(own[spec.dimension..<2 * spec.dimension])) < 1e-5)
    let steps = try #require(try compiled.planSteps())
    #expect(!steps.contains { $0.contains("ref:") || $0.contains("gemm:") })
  }

  @Test(arguments: widest) func bf16StaysClose(name: String) throws {
    let spec = try ImageEncoderRegistry.named(name)
    let count = 3
    let pixels = pixels(count, side: spec.preprocessing.crop)
    let half = try ImageEncoder.load(spec, seed: 5, precision: .bf16)
    #expect((half.slowdown == nil) == TensorRuntime.convolvesInBF16)
    guard TensorRuntime.convolvesInBF16 else { return }
    let full = try ImageEncoder.load(spec, seed: 5)
    #expect(half.digest != full.digest)
    let (own, expected) = (try half.encode(pixels: pixels, count: count), try full.encode(pixels: pixels, count: count))
    for row in 0..<count {
      let range = row * spec.dimension..<(row + 1) * spec.dimension
      let similarity = cosine(own[range], expected[range])
      #expect(similarity >= 0.999, "\(name), image \(row): \(similarity)")
    }
    #expect(own != expected)
  }

  /// Micro-batches of any size, single images, and images that all threads compute together.
  @Test(arguments: InferencePrecision.allCases) func anyNumberOfImagesGivesTheSame(
    precision: InferencePrecision
  ) throws {
    guard precision == .f32 || TensorRuntime.convolvesInBF16 else { return }
    let encoder = try ImageEncoder.load(ImageEncoderRegistry.named("resnet18"), seed: 5, precision: precision)
    let (side, dimension) = (encoder.spec.preprocessing.crop, encoder.dimension)
    let all = pixels(19, side: side)
    let expected = try encoder.encode(pixels: all, count: 19)
    for count in [1, 2, 3, 4, 5, 8, 16, 17] {
      let own = try encoder.encode(pixels: Array(all[..<(count * 3 * side * side)]), count: count)
      let off = distance(own, Array(expected[..<(count * dimension)]))
      #expect(off < (precision == .f32 ? 1e-5 : 1e-2), "\(count) images: \(off)")
    }
  }

  /// Widths that are no multiple of a block.
  @Test(arguments: ["efficientnet-b3", "efficientnet-lite4"]) func oddWidthsAgreeWithOperators(name: String) throws {
    let spec = try ImageEncoderRegistry.named(name)
    let pixels = pixels(2, side: spec.preprocessing.crop)
    let compiled = try ImageEncoder.load(spec, seed: 5)
    #expect(compiled.slowdown == nil, "\(name): \(compiled.slowdown ?? "")")
    let operators = try ImageEncoder.load(spec, seed: 5, compiled: false)
    let relative = distance(
      try compiled.encode(pixels: pixels, count: 2), try operators.encode(pixels: pixels, count: 2))
    #expect(relative < 1e-4, "\(name): \(relative)")
  }
}
