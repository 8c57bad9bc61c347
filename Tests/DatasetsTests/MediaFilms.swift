import Datasets
import Foundation
import Testing

/// Films whose frames carry their number: 16 fields, black or white, in two rows; on top a bar that is red on
/// the left and blue on the right, so that turns show.
struct NumberedFilm: CustomTestStringConvertible {
  var testDescription: String { name }

  var name = "film.mp4"
  var codec = "libx264"
  var pixelFormat = "yuv420p"
  var options = "preset=ultrafast:crf=20"
  var width = 64
  var height = 48
  var ticksPerSecond = 25
  var keyInterval = 12
  var bFrames = 2
  var turns = 0
  /// When each frame begins, in ticks.
  var times = Array(0..<48)
  /// A sine of this frequency at 8 kHz, as long as the film; nil = silent film.
  var tone: Double?

  func picture(_ number: Int) -> RGBImage {
    var pixels = [UInt8](repeating: 0, count: 3 * width * height)
    for y in 0..<height {
      for x in 0..<width {
        let at = 3 * (y * width + x)
        if y < height / 3 {
          pixels[at + (x < width / 2 ? 0 : 2)] = 255
        } else {
          let field = (y < 2 * height / 3 ? 0 : 8) + min(7, 8 * x / width)
          for c in 0..<3 { pixels[at + c] = number >> field & 1 == 1 ? 255 : 0 }
        }
      }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  func write(in folder: String) throws -> String {
    let path = "\(folder)/\(name)"
    var video = MediaWriter.Video(width: width, height: height, ticksPerSecond: ticksPerSecond)
    (video.codec, video.pixelFormat, video.options) = (codec, pixelFormat, options)
    (video.keyInterval, video.bFrames, video.turns) = (keyInterval, bFrames, turns)
    var sound = MediaWriter.Sound(rate: 8000)
    if name.hasSuffix(".webm") { (sound.rate, sound.codec) = (48_000, "libopus") }
    let writer = try MediaWriter(path, video: video, sound: tone == nil ? nil : sound)
    for (number, time) in times.enumerated() { try writer.append(picture(number), at: time) }
    if let tone {
      let seconds = Double((times.last ?? 0) + 1) / Double(ticksPerSecond)
      try writer.append(samples: sine(tone, rate: sound.rate, seconds: seconds))
    }
    try writer.finish()
    return path
  }

  /// The number that a decoded picture carries; nil when the bar does not stand on top.
  static func number(of image: RGBImage) -> Int? {
    func pixel(_ x: Double, _ y: Double) -> ArraySlice<UInt8> {
      let (column, row) = (Int(x * Double(image.width)), Int(y * Double(image.height)))
      return image.pixels[3 * (row * image.width + column)..<3 * (row * image.width + column) + 3]
    }
    let (left, right) = (Array(pixel(0.25, 0.16)), Array(pixel(0.75, 0.16)))
    guard left[0] > left[2], right[2] > right[0] else { return nil }
    var number = 0
    for field in 0..<16 {
      let sample = pixel((Double(field % 8) + 0.5) / 8, field < 8 ? 0.5 : 0.84)
      if sample.reduce(0, { $0 + Int($1) }) > 3 * 128 { number |= 1 << field }
    }
    return number
  }
}

func sine(_ frequency: Double, rate: Int, seconds: Double) -> [Float] {
  (0..<Int((seconds * Double(rate)).rounded())).map {
    Float(0.5 * sin(2 * .pi * frequency * Double($0) / Double(rate)))
  }
}

/// A folder that goes away with the scope.
func withTemporaryFolder<T>(_ body: (String) throws -> T) throws -> T {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "ieum-media-" + UUID().uuidString
  ).path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}
