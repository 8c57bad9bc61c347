import Basics
import Foundation

/// Makes a short film of a stamp: the picture drifts and grows or shrinks slowly over a gradient of two
/// colours, and its sound effect, where it has one, is heard. Everything follows from the stamp's id, its
/// files and ``recipe``.
struct StampFilm {
  /// Changes whenever the same stamp would give another film.
  static let recipe = 1
  static let side = 256
  static let framesPerSecond = 10
  static let seconds = 4.0
  static let soundRate = 16_000

  /// The first of these encoders that libavcodec has.
  static let encoder = ["libx264", "libopenh264", "mpeg4"].first(where: MediaWriter.hasEncoder) ?? "mpeg4"

  private let black: RGBImage
  /// The same on white: the difference tells how transparent each pixel is.
  private let white: RGBImage
  private let sound: Sound?
  private let path: Motion
  private let colours: [[Double]]

  /// - Throws: ``IeumError`` (data) for a picture or sound that cannot be read.
  init(id: String, picture: String, sound: String?) throws {
    var generator = SeededGenerator(seed: UInt64(Self.recipe), purpose: "stamp film/\(id)")
    path = Motion(&generator)
    colours = (0..<2).map { _ in (0..<3).map { _ in 40 + 190 * generator.uniform() } }
    black = try Self.fitted(ImageDecoder.decode(picture, ground: 0))
    white = try Self.fitted(ImageDecoder.decode(picture, ground: 0xFFFFFF))
    self.sound = try sound.map { try Sound.read($0, rate: Self.soundRate, end: Self.seconds) }
  }

  /// The long side as long as the film's, as Pillow resizes.
  private static func fitted(_ image: RGBImage) -> RGBImage {
    let scale = Double(side) / Double(max(image.width, image.height))
    let width = max(1, Int((Double(image.width) * scale).rounded()))
    let height = max(1, Int((Double(image.height) * scale).rounded()))
    return ImageResampler.resize(
      image, width: width, height: height, interpolation: .bilinear, columns: 0..<width, rows: 0..<height)
  }

  /// - Throws: ``IeumError`` when the film cannot be written.
  func write(to file: String) throws {
    var video = MediaWriter.Video(width: Self.side, height: Self.side, ticksPerSecond: Self.framesPerSecond)
    (video.codec, video.keyInterval) = (Self.encoder, 20)
    (video.bFrames, video.options) =
      Self.encoder == "libx264" ? (2, "preset=veryfast:crf=23") : (0, "b=500000")
    let temporary = try AtomicFile.temporaryPath(for: file)
    let writer = try MediaWriter(
      temporary, video: video, sound: sound == nil ? nil : .init(rate: Self.soundRate), container: "mp4")
    let count = Int(Self.seconds) * Self.framesPerSecond
    for frame in 0..<count { try writer.append(picture(at: Double(frame) / Double(count - 1)), at: frame) }
    if let sound { try writer.append(samples: sound.fitted(to: Self.seconds).samples) }
    try writer.finish()
    try AtomicFile.commit(temporary, to: file)
  }

  /// The frame at a share `t` of the film, 0…1.
  func picture(at t: Double) -> RGBImage {
    let side = Self.side
    let (scale, left, top) = path.place(at: t, width: black.width, height: black.height, side: side)
    var pixels = [UInt8](repeating: 0, count: 3 * side * side)
    black.pixels.withUnsafeBufferPointer { black in
      white.pixels.withUnsafeBufferPointer { white in
        for y in 0..<side {
          for x in 0..<side {
            let share = Double(x + y) / Double(2 * side - 2)
            // Where this pixel's centre lies in the stamp.
            let spot = Spot(
              (Double(x) + 0.5 - left) / scale - 0.5, (Double(y) + 0.5 - top) / scale - 0.5,
              width: self.black.width, height: self.black.height)
            for c in 0..<3 {
              let ground = colours[0][c] * (1 - share) + colours[1][c] * share
              var value = ground
              if let spot {
                let dark = spot.sample(black, c)
                value = dark + ground * (spot.sample(white, c) - dark) / 255
              }
              pixels[3 * (y * side + x) + c] = UInt8(min(255, max(0, value.rounded())))
            }
          }
        }
      }
    }
    return RGBImage(width: side, height: side, pixels: pixels)
  }
}

/// Four neighbouring pixels and their shares; nil outside the picture.
private struct Spot {
  private let offsets: (Int, Int, Int, Int)
  private let shares: (Double, Double, Double, Double)

  init?(_ x: Double, _ y: Double, width: Int, height: Int) {
    guard x > -0.5, y > -0.5, x < Double(width) - 0.5, y < Double(height) - 0.5 else { return nil }
    let (left, top) = (x.rounded(.down), y.rounded(.down))
    let (fx, fy) = (x - left, y - top)
    let (x0, x1) = (max(0, Int(left)), min(width - 1, Int(left) + 1))
    let (y0, y1) = (max(0, Int(top)), min(height - 1, Int(top) + 1))
    offsets = (3 * (y0 * width + x0), 3 * (y0 * width + x1), 3 * (y1 * width + x0), 3 * (y1 * width + x1))
    shares = ((1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy)
  }

  @inline(__always)
  func sample(_ pixels: UnsafeBufferPointer<UInt8>, _ channel: Int) -> Double {
    Double(pixels[offsets.0 + channel]) * shares.0 + Double(pixels[offsets.1 + channel]) * shares.1
      + Double(pixels[offsets.2 + channel]) * shares.2 + Double(pixels[offsets.3 + channel]) * shares.3
  }
}

/// A straight drift with a change of size.
private struct Motion {
  /// Size as a share of the film's side, and where the centre is, as a share of the room around the picture.
  private let sizes: (Double, Double)
  private let from: (Double, Double)
  private let to: (Double, Double)

  init(_ generator: inout SeededGenerator) {
    let small = 0.55 + 0.15 * generator.uniform()
    let large = small + 0.1 + 0.15 * generator.uniform()
    sizes = generator.uniform() < 0.5 ? (small, large) : (large, small)
    from = (generator.uniform(), generator.uniform())
    to = (generator.uniform(), generator.uniform())
  }

  /// Magnification, and the place of the upper left corner in pixels.
  func place(at t: Double, width: Int, height: Int, side: Int) -> (scale: Double, left: Double, top: Double) {
    let scale = sizes.0 + (sizes.1 - sizes.0) * t
    let room = (Double(side) - scale * Double(width), Double(side) - scale * Double(height))
    return (scale, room.0 * (from.0 + (to.0 - from.0) * t), room.1 * (from.1 + (to.1 - from.1) * t))
  }
}
