import Basics
import CLibAV
import Testing

/// The conversion of films' frames to RGB against libswscale, byte by byte.
@Suite struct MediaPlanesTests {
  enum Content: CaseIterable {
    /// Any levels; black and white dots, at which filters overshoot most; squares of them; and plain white.
    case noise, dots, squares, white

    func level(_ x: Int, _ y: Int, _ generator: inout SeededGenerator) -> UInt8 {
      switch self {
      case .noise: UInt8(truncatingIfNeeded: generator.next())
      case .dots: generator.next() & 1 == 0 ? 0 : 255
      case .squares: (x / 4 + y / 4) % 2 == 0 ? 0 : 255
      case .white: 255
      }
    }
  }

  /// Whether both ways give the same picture; rows end with `padding` bytes that are not part of it.
  private func agrees(
    _ width: Int, _ height: Int, padding: Int = 0, colourSpace: Int = 2, isFull: Bool = false, _ content: Content
  ) throws -> Bool {
    var generator = SeededGenerator(seed: UInt64(width * 10_000 + height))
    var bytes: [UInt8] = []
    var starts: [Int] = []
    let sizes = [(width, height)] + Array(repeating: ((width + 1) / 2, (height + 1) / 2), count: 2)
    for (width, height) in sizes {
      starts.append(bytes.count)
      for y in 0..<height { bytes += (0..<width + padding).map { content.level($0, y, &generator) } }
    }
    // Libswscale reads behind the last row.
    bytes += Array(repeating: 0, count: 64)
    return try bytes.withUnsafeBufferPointer { bytes in
      let data = starts.map { bytes.baseAddress! + $0 }
      let strides = sizes.map { Int32($0.0 + padding) }
      let planes = clibav_planes(
        data: (data[0], data[1], data[2]), strides: (strides[0], strides[1], strides[2]), width: Int32(width),
        height: Int32(height), colour_space: Int32(colourSpace), is_full: isFull ? 1 : 0)
      return try pixels(planes, isPlain: false) == pixels(planes, isPlain: true)
    }
  }

  private func pixels(_ planes: clibav_planes, isPlain: Bool) throws -> [UInt8] {
    var planes = planes
    var image = clibav_image()
    try #require(Int(clibav_planes_picture(&planes, isPlain ? 1 : 0, &image)) == Int(CLIBAV_OK))
    defer { clibav_image_free(&image) }
    return Array(UnsafeBufferPointer(start: image.pixels, count: Int(3 * planes.width * planes.height)))
  }

  /// From the smallest that our loops take, past the widths at which vectors end, in turn with all contents.
  @Test(arguments: [14, 16, 18, 20, 22, 48])
  func sizesAgree(height: Int) throws {
    for (number, width) in stride(from: 14, through: 84, by: 2).enumerated() {
      let content = Content.allCases[number % 4]
      #expect(try agrees(width, height, padding: number % 7, content), "\(width)×\(height), \(content)")
    }
  }

  /// Numbers of H.273, with those that name no matrix and those that libswscale does not know.
  @Test(arguments: 0...14)
  func matricesAgree(colourSpace: Int) throws {
    for isFull in [false, true] {
      for content in Content.allCases {
        let agree = try agrees(46, 38, padding: 3, colourSpace: colourSpace, isFull: isFull, content)
        #expect(agree, "\(isFull), \(content)")
      }
    }
  }

  /// Sizes of real films, and those that are left to libswscale.
  @Test(arguments: [
    (320, 240), (426, 240), (1918, 30), (1, 1), (2, 2), (13, 14), (12, 12), (15, 15), (853, 21), (64, 47),
  ])
  func otherSizesAgree(width: Int, height: Int) throws {
    for content in Content.allCases {
      #expect(try agrees(width, height, colourSpace: 1, isFull: width % 4 == 0, content), "\(content)")
    }
  }
}
