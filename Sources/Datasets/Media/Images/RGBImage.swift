/// A decoded picture: 8-bit RGB in rows, `[height, width, 3]`.
public struct RGBImage: Sendable, Hashable {
  public let width: Int
  public let height: Int
  /// `3 * width * height` bytes.
  public let pixels: [UInt8]

  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && pixels.count == 3 * width * height, "\(width)×\(height) ≠ \(pixels.count)")
    self.width = width
    self.height = height
    self.pixels = pixels
  }
}
