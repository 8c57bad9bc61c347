import Basics
import Datasets
import Foundation
import Testing

@Suite struct MediaPreprocessingTests {
  /// The pixels of the golden script's congruential generator.
  private func noise(_ width: Int, _ height: Int, seed: Int) -> RGBImage {
    var state = UInt32(seed)
    let pixels = (0..<3 * width * height).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  @Test func everyBitIsThatOfTorchvision() throws {
    let golden = try MediaGolden.load()
    #expect(golden.preprocessed.count == 24)
    for expected in golden.preprocessed {
      let preprocessing = ImagePreprocessing(
        resize: expected.resize, crop: expected.crop,
        interpolation: try #require(.init(rawValue: expected.interpolation)),
        mean: expected.half ? ImagePreprocessing.half : ImagePreprocessing.imageNetMean,
        std: expected.half ? ImagePreprocessing.half : ImagePreprocessing.imageNetStd)
      let picture = noise(expected.width, expected.height, seed: expected.seed)
      let values = try ImagePreprocessor.apply(picture, preprocessing)
      let name = "\(expected.width)×\(expected.height) → \(expected.resize), \(expected.crop), \(expected.interpolation)"
      #expect(Array(values.prefix(expected.first.count)) == expected.first, "\(name)")
      let bytes = values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) } }
      #expect(Digest.of(bytes) == expected.floats, "\(name)")
    }
  }

  @Test func aFlatPictureStaysFlat() throws {
    let picture = RGBImage(width: 31, height: 47, pixels: .init(repeating: 77, count: 3 * 31 * 47))
    for interpolation in [ImagePreprocessing.Interpolation.bilinear, .bicubic] {
      let values = try ImagePreprocessor.apply(
        picture, .init(resize: 20, crop: 16, interpolation: interpolation, mean: [0, 0, 0], std: [1, 1, 1]))
      #expect(values == .init(repeating: Float(77) / 255, count: 3 * 16 * 16))
    }
  }

  @Test func impossibleSettingsAreRefused() {
    let picture = noise(4, 4, seed: 1)
    for settings in [
      ImagePreprocessing(resize: 0, crop: 4, interpolation: .bilinear, mean: [0, 0, 0], std: [1, 1, 1]),
      ImagePreprocessing(resize: 4, crop: 4, interpolation: .bilinear, mean: [0, 0], std: [1, 1, 1]),
      ImagePreprocessing(resize: 4, crop: 4, interpolation: .bilinear, mean: [0, 0, 0], std: [1, 0, 1]),
    ] {
      let error = #expect(throws: IeumError.self) { try ImagePreprocessor.apply(picture, settings) }
      #expect(error?.kind == .usage)
    }
  }
}
