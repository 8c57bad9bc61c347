import Basics
import Datasets
import Foundation
import Harness

/// What the decoding process hands over on its standard output: squares in the binary PPM format, one after the other, or
/// `F32 RATE COUNT`, a line's end and so many little-endian float32 samples.
enum DecodedUpload {
  private static let side = 448
  private static let mark = Data("F32 ".utf8)

  /// The most bytes that so many pictures can be.
  static func mostBytes(pictures: Int) -> Int { pictures * (3 * side * side + 64) }

  static func square(_ image: RGBImage) throws -> RGBImage {
    let square = ImagePreprocessing(
      resize: side, crop: side, interpolation: .bilinear, mean: [0, 0, 0], std: [1, 1, 1])
    let values = try ImagePreprocessor.apply(image, square)
    let plane = side * side
    return RGBImage(
      width: side, height: side,
      pixels: (0..<plane).flatMap { place in
        (0..<3).map { UInt8(min(255, max(0, (values[$0 * plane + place] * 255).rounded()))) }
      })
  }

  static func write(_ pictures: [RGBImage]) {
    for picture in pictures {
      FileHandle.standardOutput.write(Data("P6 \(picture.width) \(picture.height) 255\n".utf8) + Data(picture.pixels))
    }
  }

  static func write(_ sound: Sound) {
    FileHandle.standardOutput.write(mark + Data("\(sound.rate) \(sound.samples.count)\n".utf8))
    sound.samples.withUnsafeBytes { FileHandle.standardOutput.write(Data($0)) }
  }

  /// - Throws: ``IeumError``: data where there is nothing, system for anything else than what the writers write.
  static func read(_ data: Data) throws -> QueryMedia {
    guard !data.isEmpty else { throw undecoded }
    return data.starts(with: mark) ? .samples(try sound(data)) : .frames(try pictures(data))
  }

  private static let undecoded = IeumError(.data, "the upload could not be decoded")
  private static let damaged = IeumError(.system, "the decoder's answer is damaged")

  private static func sound(_ data: Data) throws -> Sound {
    guard let end = data.prefix(64).firstIndex(of: UInt8(ascii: "\n")) else { throw damaged }
    let line = String(decoding: data[data.startIndex..<end], as: UTF8.self)
    let fields = line.split(separator: " ").dropFirst().map { Int($0) }
    let bytes = data[(end + 1)...]
    guard fields.count == 2, let rate = fields[0], let count = fields[1], rate > 0, (0...bytes.count).contains(count),
      bytes.count == 4 * count
    else { throw damaged }
    let samples = [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = bytes.copyBytes(to: buffer) / 4
    }
    return Sound(samples: samples, rate: rate)
  }

  private static func pictures(_ data: Data) throws -> [RGBImage] {
    let header = Data("P6 \(side) \(side) 255\n".utf8)
    let size = header.count + 3 * side * side
    guard data.count % size == 0 else { throw undecoded }
    return try stride(from: 0, to: data.count, by: size).map { start in
      let piece = data[(data.startIndex + start)..<(data.startIndex + start + size)]
      guard piece.starts(with: header) else { throw damaged }
      return RGBImage(width: side, height: side, pixels: [UInt8](piece.dropFirst(header.count)))
    }
  }
}
