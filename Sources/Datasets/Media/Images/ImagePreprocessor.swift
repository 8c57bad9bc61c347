import Basics

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
    let part = ImageResampler.resize(
      image, width: width, height: height, interpolation: preprocessing.interpolation, columns: x.source, rows: y.source)
    return normalised(part, atX: x.offset, y: y.offset, preprocessing)
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

  /// Pixels outside the picture are black before normalisation.
  private static func normalised(_ image: RGBImage, atX left: Int, y top: Int, _ preprocessing: ImagePreprocessing) -> [Float] {
    let side = preprocessing.crop
    var result: [Float] = []
    result.reserveCapacity(3 * side * side)
    for channel in 0..<3 {
      let (mean, std) = (preprocessing.mean[channel], preprocessing.std[channel])
      let levels = (0..<256).map { (Float($0) / 255 - mean) / std }
      var plane = [Float](repeating: levels[0], count: side * side)
      plane.withUnsafeMutableBufferPointer { plane in
        image.pixels.withUnsafeBufferPointer { pixels in
          for row in 0..<image.height {
            let to = (top + row) * side + left
            var from = 3 * row * image.width + channel
            for column in 0..<image.width {
              plane[to &+ column] = levels[Int(pixels[from])]
              from &+= 3
            }
          }
        }
      }
      result.append(contentsOf: plane)
    }
    return result
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
