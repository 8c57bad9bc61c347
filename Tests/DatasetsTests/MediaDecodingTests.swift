import Basics
import Datasets
import Foundation
import Testing

@Suite struct MediaDecodingTests {
  @Test func pixelsAreThoseOfPillow() throws {
    let golden = try MediaGolden.load()
    #expect(golden.decoded.count >= 34)
    for expected in golden.decoded {
      let image = try ImageDecoder.decode(MediaGolden.path(expected.file))
      #expect((image.width, image.height) == (expected.width, expected.height), "\(expected.file)")
      guard image.pixels.count == expected.pixels.count else { continue }
      let worst = zip(image.pixels, expected.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
      #expect(
        worst == 0,
        "\(expected.file) differs by \(worst): if that is meant, raise ImageDecoder.version, since cached features are stale"
      )
    }
  }

  @Test func laterVersionsChangeTheDigestsOfFeatures() {
    #expect(ImageDecoder.joined(to: "abc", version: 1) == "abc")
    #expect(ImageDecoder.joined(to: "abc", version: 2) != "abc")
    #expect(ImageDecoder.joined(to: "abc", version: 2) != ImageDecoder.joined(to: "abc", version: 3))
    #expect(ImageDecoder.joined(to: "abc", version: 2) != ImageDecoder.joined(to: "abd", version: 2))
  }

  @Test func aCutFileIsRefusedByName() throws {
    let golden = try MediaGolden.load()
    for picture in golden.decoded {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: MediaGolden.path(picture.file))))
      for share in [0.3, 0.6, 0.9] where !picture.file.hasPrefix("animated") {
        let cut = Array(bytes.prefix(Int(Double(bytes.count) * share)))
        try withTemporaryFile(cut, named: picture.file) { path in
          let error = #expect(throws: IeumError.self, "\(picture.file) cut to \(share)") {
            try ImageDecoder.decode(path)
          }
          #expect(error?.kind == .data)
          #expect(error?.file == path)
        }
      }
    }
  }

  @Test(arguments: [[], Array("not a picture at all, only text".utf8), [0xFF, 0xD8, 0xFF], Array("<html></html>".utf8)])
  func somethingElseIsRefused(bytes: [UInt8]) throws {
    try withTemporaryFile(bytes, named: "picture.png") { path in
      let error = #expect(throws: IeumError.self) { try ImageDecoder.decode(path) }
      #expect(error?.kind == .data)
      #expect(error?.description.contains(path) == true)
    }
  }

  @Test func aMissingFileAndAFolderAreRefused() {
    for path in ["/nowhere/picture.png", FileManager.default.temporaryDirectory.path] {
      let error = #expect(throws: IeumError.self) { try ImageDecoder.decode(path) }
      #expect(error?.file == path)
    }
  }

  @Test func aFlippedByteInAPNGIsNoticed() throws {
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: MediaGolden.path("grey.png"))))
    bytes[bytes.count / 2] ^= 0x10
    _ = try withTemporaryFile(bytes, named: "grey.png") { path in
      #expect(throws: IeumError.self) { try ImageDecoder.decode(path) }
    }
  }

  /// Bytes changed amid a picture's data either leave a whole picture or are an error of the file; they never end the program.
  @Test func aDamagedJPEGIsRefusedOrWhole() throws {
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: MediaGolden.path("noise.jpg"))))
    var refused = 0
    for place in stride(from: 20, to: whole.count - 2, by: 7) {
      var bytes = whole
      bytes[place] ^= 0xFF
      do {
        let image = try ImageDecoder.decode(bytes, name: "noise.jpg")
        #expect(image.pixels.count == 3 * image.width * image.height)
      } catch let error as IeumError {
        #expect(error.kind == .data && error.file == "noise.jpg")
        refused += 1
      }
    }
    #expect(refused > 10)
  }

  @Test func aHugePictureIsRefusedBeforeDecoding() throws {
    // A bitmap header that promises 20,000 × 20,000 pixels: only the refusal can be quick.
    var header = [UInt8](repeating: 0, count: 54)
    header.replaceSubrange(0..<2, with: Array("BM".utf8))
    header[10] = 54
    header[14] = 40
    for offset in [18, 22] { header.replaceSubrange(offset..<offset + 4, with: [0x20, 0x4E, 0, 0]) }
    header[26] = 1
    header[28] = 24
    header[30] = 1
    let error = #expect(throws: IeumError.self) { try ImageDecoder.decode(header, name: "huge.bmp") }
    #expect(error?.file == "huge.bmp")
    let png = try pngHeader(width: 20_000, height: 20_000)
    let refusal = #expect(throws: IeumError.self) { try ImageDecoder.decode(png, name: "huge.png") }
    #expect(refusal?.problem.contains("100 million pixels") == true, "\(refusal?.description ?? "")")
  }

  /// The golden grey picture with another size in its first chunk, checksum included.
  private func pngHeader(width: UInt32, height: UInt32) throws -> [UInt8] {
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: MediaGolden.path("grey.png"))))
    for (offset, value) in [(16, width), (20, height)] {
      for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * index)) }
    }
    var checksum: UInt32 = ~0
    for byte in bytes[12..<29] {
      checksum ^= UInt32(byte)
      for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xEDB8_8320 : checksum >> 1 }
    }
    for index in 0..<4 { bytes[29 + index] = UInt8(truncatingIfNeeded: ~checksum >> UInt32(24 - 8 * index)) }
    return bytes
  }

  @Test(arguments: [
    ("width='400' height='300'", 400, 300), ("width='4000' height='2000'", 1024, 512),
    ("viewBox='0 0 20 10'", 256, 128), ("width='10' height='40'", 64, 256), ("width='3in' height='4in'", 288, 384),
  ])
  func vectorsAreDrawnOnWhiteInBounds(attributes: String, width: Int, height: Int) throws {
    let text = "<svg xmlns='http://www.w3.org/2000/svg' \(attributes)><rect width='50%' height='100%' fill='#2040c0'/></svg>"
    let image = try ImageDecoder.decode(Array(text.utf8), name: "drawing.svg")
    #expect((image.width, image.height) == (width, height))
    #expect(Array(image.pixels[..<3]) == [0x20, 0x40, 0xC0])
    #expect(Array(image.pixels.suffix(3)) == [255, 255, 255])
  }

  @Test func aBrokenDrawingIsRefused() {
    let text = "<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><rect"
    #expect(throws: IeumError.self) { try ImageDecoder.decode(Array(text.utf8), name: "broken.svg") }
  }
}
