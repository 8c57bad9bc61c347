import Basics
import CLibAV
import Foundation

/// Reads still images: PNG, JPEG, WebP, GIF (first frame), BMP, TIFF and SVG, told apart by content.
///
/// What comes out is what a viewer shows: alpha composited on white (rounded to the nearest level), grey and palette
/// images expanded to RGB, the EXIF orientation applied. 16-bit channels keep their high byte. Chroma is upsampled
/// and converted as libjpeg and libwebp do by default, so that the pixels are Pillow's. SVG is drawn on white at its intrinsic
/// size, scaled so that the long side lies in 256…1024 pixels.
public enum ImageDecoder {
  /// Goes up whenever some picture comes out with other pixels than before (`MediaDecodingTests` fails then): features made
  /// from the old pixels are no longer taken from the cache.
  public static let version = 1

  /// A digest of features with the decoder's version. Version 1 adds nothing, so that older caches stay valid.
  public static func joined(to digest: String, version: Int = version) -> String {
    version == 1 ? digest : Digest.of("\(digest) decoder \(version)")
  }

  /// Larger pictures are refused before anything is decoded.
  public static let maximumPixels = 100_000_000
  static let vectorSides = (minimum: 256, maximum: 1024)

  /// Decodes the image in a file; where it is transparent, `ground` (0xRRGGBB) shows.
  /// - Throws: ``IeumError`` (data) naming the file when it is missing, empty, not an image, damaged, cut short or
  ///   larger than ``maximumPixels``.
  public static func decode(_ path: String, ground: UInt32 = 0xFFFFFF) throws -> RGBImage {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
      let data = FileManager.default.contents(atPath: path)
    else {
      throw IeumError(.data, "the image cannot be read", file: path, remedy: "check that the file exists and is readable")
    }
    return try decode([UInt8](data), name: path, ground: ground)
  }

  /// Decodes an image that is already in memory; `name` stands in messages.
  public static func decode(_ bytes: [UInt8], name: String, ground: UInt32 = 0xFFFFFF) throws -> RGBImage {
    guard !bytes.isEmpty else {
      throw IeumError(.data, "the image file is empty", file: name, remedy: "put the real image there or remove it")
    }
    guard let format = ImageFormat(bytes) else {
      throw IeumError(
        .data, "is not an image that can be read", file: name,
        remedy: "convert it to PNG, JPEG, WebP, GIF, BMP, TIFF or SVG")
    }
    guard let code = format.shimCode else { return try draw(bytes, name: name, ground: ground) }
    if let reason = ImageContainer.damage(in: bytes, format: format) {
      throw damaged(format, reason, name: name)
    }
    if format == .jpeg, let decoded = try turbo(bytes, name: name) {
      return Orientation(in: bytes, format: format).applied(to: decoded)
    }
    let still = format == .webp ? ImageContainer.firstStill(ofWebP: bytes) ?? bytes : bytes
    var image = clibav_image()
    var message = [CChar](repeating: 0, count: 256)
    let status = clibav_decode_still(still, still.count, code, Int64(maximumPixels), ground, &image, &message, message.count)
    let decoded = try take(&image, status: status, message: message, format: format, name: name)
    return Orientation(in: bytes, format: format).applied(to: decoded)
  }

  /// By libjpeg-turbo; nil for the kinds of JPEG that it leaves to libavcodec.
  private static func turbo(_ bytes: [UInt8], name: String) throws -> RGBImage? {
    do {
      return try JPEGDecoder.decode(bytes, maximumPixels: maximumPixels)
    } catch {
      switch error {
      case .unsupported: return nil
      case .damaged(let reason): throw damaged(.jpeg, reason, name: name)
      case .tooLarge: throw tooLarge(name)
      case .noMemory: throw noMemory(name)
      }
    }
  }

  private static func draw(_ bytes: [UInt8], name: String, ground: UInt32) throws -> RGBImage {
    var image = clibav_image()
    var message = [CChar](repeating: 0, count: 256)
    let status = clibav_render_svg(
      bytes, bytes.count, Int32(vectorSides.minimum), Int32(vectorSides.maximum), ground, &image, &message, message.count)
    return try take(&image, status: status, message: message, format: .svg, name: name)
  }

  private static func take(
    _ image: inout clibav_image, status: Int32, message: [CChar], format: ImageFormat, name: String
  ) throws -> RGBImage {
    defer { clibav_image_free(&image) }
    let text = MediaShim.text(message)
    switch Int(status) {
    case Int(CLIBAV_OK):
      let (width, height) = (Int(image.width), Int(image.height))
      return RGBImage(
        width: width, height: height, pixels: Array(UnsafeBufferPointer(start: image.pixels, count: 3 * width * height)))
    case Int(CLIBAV_TOO_LARGE): throw tooLarge(name)
    case Int(CLIBAV_UNSUPPORTED):
      throw IeumError(
        .data, "this kind of \(format.rawValue) cannot be decoded (\(text))", file: name, remedy: "convert it to 8-bit PNG")
    case Int(CLIBAV_NO_MEMORY): throw noMemory(name)
    default:
      throw damaged(format, text, name: name)
    }
  }

  private static func tooLarge(_ name: String) -> IeumError {
    IeumError(
      .data, "the image has more than \(maximumPixels / 1_000_000) million pixels", file: name, remedy: "scale it down")
  }

  private static func noMemory(_ name: String) -> IeumError {
    IeumError(.system, "not enough memory to decode the image", file: name, remedy: "free memory or scale it down")
  }

  private static func damaged(_ format: ImageFormat, _ reason: String, name: String) -> IeumError {
    IeumError(
      .data, "the \(format.rawValue) image is damaged or cut short (\(reason))", file: name,
      remedy: "fetch or export it again")
  }
}
