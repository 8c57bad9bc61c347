/// How a stored picture has to be turned to stand upright: EXIF tag 274.
///
/// Read here from the file, because libavcodec tells it for some formats only.
enum Orientation: Int, Sendable {
  case upright = 1
  case mirrored = 2
  case turned180 = 3
  case flipped = 4
  case transposed = 5
  case turnedClockwise = 6
  case transversed = 7
  case turnedCounterclockwise = 8

  /// The orientation written in an image file; upright where there is none or the block is damaged.
  init(in bytes: [UInt8], format: ImageFormat) {
    let start = ImageContainer.exifOffset(in: bytes, format: format)
    self = start.flatMap { Orientation.tag(ByteReader(bytes), header: $0) }.flatMap(Orientation.init) ?? .upright
  }

  /// Looks the tag up in the first directory of the TIFF structure at `header`.
  private static func tag(_ reader: ByteReader, header: Int) -> Int? {
    let bigEndian = reader.matches("MM", at: header)
    guard bigEndian || reader.matches("II", at: header),
      let directory = reader.number(header + 4, bytes: 4, bigEndian: bigEndian),
      let entries = reader.number(header + directory, bytes: 2, bigEndian: bigEndian)
    else { return nil }
    for index in 0..<entries {
      let entry = header + directory + 2 + 12 * index
      guard let tag = reader.number(entry, bytes: 2, bigEndian: bigEndian) else { return nil }
      if tag == 274 { return reader.number(entry + 8, bytes: 2, bigEndian: bigEndian) }
    }
    return nil
  }

  private var swapsAxes: Bool { rawValue >= 5 }

  /// The picture as it should be seen.
  func applied(to image: RGBImage) -> RGBImage {
    guard self != .upright else { return image }
    let (width, height) = swapsAxes ? (image.height, image.width) : (image.width, image.height)
    let (right, bottom) = (image.width - 1, image.height - 1)
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * width * height) { out, count in
      image.pixels.withUnsafeBufferPointer { source in
        for y in 0..<height {
          for x in 0..<width {
            let (sx, sy) = origin(of: x, y, right: right, bottom: bottom)
            let from = 3 * (sy * image.width + sx)
            let to = 3 * (y * width + x)
            out[to] = source[from]
            out[to + 1] = source[from + 1]
            out[to + 2] = source[from + 2]
          }
        }
      }
      count = 3 * width * height
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  /// Where the pixel seen at (x, y) is stored.
  private func origin(of x: Int, _ y: Int, right: Int, bottom: Int) -> (Int, Int) {
    switch self {
    case .upright: (x, y)
    case .mirrored: (right - x, y)
    case .turned180: (right - x, bottom - y)
    case .flipped: (x, bottom - y)
    case .transposed: (y, x)
    case .turnedClockwise: (y, bottom - x)
    case .transversed: (right - y, bottom - x)
    case .turnedCounterclockwise: (right - y, x)
    }
  }
}
