import Basics
import CLibAV

/// Pictures as JPEG files in memory.
public enum JPEGWriter {
  /// - Parameter quality: 2 (best) to 31.
  /// - Throws: ``IeumError`` (system) when libavcodec refuses.
  public static func encode(_ image: RGBImage, quality: Int = 4) throws -> [UInt8] {
    var (bytes, size): (UnsafeMutablePointer<UInt8>?, Int) = (nil, 0)
    var message = [CChar](repeating: 0, count: 200)
    let status = image.pixels.withUnsafeBufferPointer { pixels in
      clibpicture_encode_jpeg(
        pixels.baseAddress, Int32(image.width), Int32(image.height), Int32(min(31, max(2, quality))), &bytes, &size,
        &message, message.count)
    }
    guard status == 0, let bytes else {
      let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw IeumError(.system, "a picture of \(image.width)×\(image.height) cannot be written as JPEG (\(text))")
    }
    defer { clibpicture_free(bytes) }
    return Array(UnsafeBufferPointer(start: bytes, count: size))
  }

  /// The middle of a picture as a square of `side` pixels.
  public static func thumbnail(_ image: RGBImage, side: Int) throws -> [UInt8] {
    let square = ImagePreprocessing(
      resize: side, crop: side, interpolation: .bilinear, mean: [0, 0, 0], std: [1, 1, 1])
    let values = try ImagePreprocessor.apply(image, square)
    let plane = side * side
    let pixels = (0..<plane).flatMap { place in
      (0..<3).map { UInt8(min(255, max(0, (values[$0 * plane + place] * 255).rounded()))) }
    }
    return try encode(RGBImage(width: side, height: side, pixels: pixels))
  }
}
