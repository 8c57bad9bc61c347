import Basics
import CResample

/// Turns decoded pictures into an encoder's input as torchvision does on 8-bit Pillow images:
/// `Resize(short side)`, `CenterCrop`, `ToTensor`, `Normalize`.
public enum ImagePreprocessor {
  /// - Returns: `[3, crop, crop]`: (value / 255 − mean) / std.
  /// - Throws: ``IeumError`` (usage) when a size is not positive or a mean or deviation is not given per channel.
  public static func apply(_ image: RGBImage, _ preprocessing: ImagePreprocessing) throws -> [Float] {
    try check(preprocessing)
    let (width, height) = resizedSize(of: image, shortSide: preprocessing.resize)
    let x = CropWindow(size: width, crop: preprocessing.crop)
    let y = CropWindow(size: height, crop: preprocessing.crop)
    let side = preprocessing.crop
    let levels = Self.levels(preprocessing)
    return [Float](unsafeUninitializedCapacity: 3 * side * side) { planes, count in
      count = 3 * side * side
      guard let first = planes.baseAddress else { return }
      // Pixels outside the picture are black before normalisation.
      if x.source.count < side || y.source.count < side {
        for channel in 0..<3 {
          (first + channel * side * side).initialize(repeating: levels[256 * channel], count: side * side)
        }
      }
      ImageResampler.eachRow(
        of: image, width: width, height: height, interpolation: preprocessing.interpolation, columns: x.source,
        rows: y.source
      ) { row, pixels in
        cresample_levels(pixels, x.source.count, levels, first + (y.offset + row) * side + x.offset, side * side)
      }
    }
  }

  /// What each byte of each channel becomes, `[3, 256]`.
  private static func levels(_ preprocessing: ImagePreprocessing) -> [Float] {
    (0..<3).flatMap { channel in
      let (mean, std) = (preprocessing.mean[channel], preprocessing.std[channel])
      return (0..<256).map { (Float($0) / 255 - mean) / std }
    }
  }

  /// The size after the short side is made `shortSide` long; the long side is rounded down.
  static func resizedSize(of image: RGBImage, shortSide: Int) -> (width: Int, height: Int) {
    image.width <= image.height
      ? (shortSide, max(1, shortSide * image.height / image.width))
      : (max(1, shortSide * image.width / image.height), shortSide)
  }

  private static func check(_ preprocessing: ImagePreprocessing) throws {
    let sound =
      preprocessing.resize > 0 && preprocessing.crop > 0 && preprocessing.mean.count == 3
      && preprocessing.std.count == 3 && preprocessing.std.allSatisfy { $0 > 0 }
    guard sound else {
      throw IeumError(
        .usage, "image preprocessing cannot be \(preprocessing)",
        remedy: "give positive sizes and three means and positive deviations")
    }
  }
}

/// One axis of torchvision's centre crop: which part of the picture is taken, and where it lies in the square.
struct CropWindow {
  let source: Range<Int>
  /// > 0 where the picture is smaller than the square and is padded.
  let offset: Int

  init(size: Int, crop: Int) {
    if size < crop {
      source = 0..<size
      offset = (crop - size) / 2
    } else {
      // Half a pixel goes to the even side, as Python rounds.
      let start = Int((Double(size - crop) / 2).rounded(.toNearestOrEven))
      source = start..<start + crop
      offset = 0
    }
  }
}
