import Basics
import Datasets
import Foundation
import Harness
import Search

/// Texts and pictures in a space of three dimensions: red, green, blue. Low sounds are red, high ones blue.
final class ColourEncoder: QueryEncoder {
  let dimension = 3
  let soundRate: Int?

  init(hears: Bool = false) { soundRate = hears ? 8000 : nil }

  func texts(_ texts: [String]) throws -> [Result<[Float], IeumError>] {
    texts.map { text in
      let words = Set(text.lowercased().split(separator: " ").map(String.init))
      let vector = ["red", "green", "blue"].map { words.contains($0) ? Float(1) : 0 }
      guard vector.contains(1) else { return .failure(IeumError(.data, "no colour in '\(text)'")) }
      return .success(Self.unit(vector))
    }
  }

  func media(_ media: [QueryMedia]) throws -> [Result<[Float], IeumError>] {
    media.map { item in
      do {
        if let sound = try heard(item) { return .success(Self.colour(of: sound)) }
        let pictures = try item.pictures(.uniform(3))
        var sum = [Float](repeating: 0.001, count: 3)
        for picture in pictures {
          for (index, value) in picture.pixels.enumerated() { sum[index % 3] += Float(value) / Float(picture.pixels.count) }
        }
        return .success(Self.unit(sum))
      } catch let error as IeumError {
        return .failure(error)
      } catch { return .failure(IeumError(.data, "\(error)")) }
    }
  }

  /// The sound of what is heard, where sounds are taken.
  private func heard(_ item: QueryMedia) throws -> Sound? {
    guard let soundRate else { return nil }
    switch item {
    case .sound(let path, let start, let end): return try Sound.read(path, rate: soundRate, start: start, end: end)
    case .samples(let sound) where sound.rate == soundRate: return sound
    case .samples: throw IeumError(.data, "the rate is another")
    default: return nil
    }
  }

  /// By how often it crosses zero.
  private static func colour(of sound: Sound) -> [Float] {
    let crossings = zip(sound.samples, sound.samples.dropFirst()).count { ($0 < 0) != ($1 < 0) }
    let height = min(1, Float(crossings) / Float(2000 * sound.duration))
    return unit([1 - height, 0.001, height])
  }

  static func unit(_ vector: [Float]) -> [Float] {
    let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return vector.map { $0 / norm }
  }
}

/// A scratch folder with pictures and films of one colour each, and databases in it.
struct ColourWorld {
  let folder: String
  let encoder: ColourEncoder
  static let digest = String(repeating: "a", count: 64)

  init(hears: Bool = false) throws {
    encoder = ColourEncoder(hears: hears)
    let path = NSTemporaryDirectory() + "ieum-search-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path + "/media", withIntermediateDirectories: true)
    folder = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  static func image(_ red: UInt8, _ green: UInt8, _ blue: UInt8, side: Int = 32) -> RGBImage {
    RGBImage(width: side, height: side, pixels: (0..<side * side).flatMap { _ in [red, green, blue] })
  }

  func picture(_ name: String, _ red: UInt8, _ green: UInt8, _ blue: UInt8) throws -> String {
    let path = "\(folder)/media/\(name)"
    try AtomicFile.write(Data(JPEGWriter.encode(Self.image(red, green, blue))), to: path)
    return path
  }

  /// A film of a red, a green and a blue part, `seconds` each, at two frames a second.
  func film(_ name: String, seconds: Int) throws -> String {
    let path = "\(folder)/media/\(name)"
    var video = MediaWriter.Video(width: 32, height: 32, ticksPerSecond: 2)
    video.codec = "mpeg4"
    let writer = try MediaWriter(path, video: video)
    let colours = [Self.image(250, 0, 0), Self.image(0, 250, 0), Self.image(0, 0, 250)]
    for frame in 0..<(6 * seconds) { try writer.append(colours[frame / (2 * seconds)], at: frame) }
    try writer.finish()
    return path
  }

  /// A tone of `seconds`, in the format that the name's ending says.
  func tone(_ name: String, hertz: Double, seconds: Double = 1) throws -> String {
    let path = "\(folder)/media/\(name)"
    var settings = MediaWriter.Sound(rate: 16_000)
    settings.codec = name.hasSuffix(".ogg") ? "libvorbis" : name.hasSuffix(".flac") ? "flac" : "pcm_s16le"
    let writer = try MediaWriter(path, video: nil, sound: settings)
    let step = 2 * Double.pi * hertz / 16_000
    try writer.append(samples: (0..<Int(16_000 * seconds)).map { Float(0.5 * sin(step * Double($0) + 0.1)) })
    try writer.finish()
    return path
  }

  func database(_ name: String = "index", index: String = "exact") throws -> SearchDatabase {
    try SearchDatabase.create("\(folder)/\(name)", encoderDigest: Self.digest, dimension: 3, index: index)
  }

  func engine(_ database: SearchDatabase) -> SearchEngine { SearchEngine(database, encoder: encoder) }

  /// Items at angles from red to green, `item 0` the reddest.
  func items(_ count: Int, dataset: String = "wheel", from first: Int = 0) -> [(item: SearchItem, vector: [Float])] {
    (first..<first + count).map { number in
      let angle = Float(number) / 1000
      let item = SearchItem(
        id: "item \(number)", dataset: dataset, film: number % 2 == 0 ? "even.mp4" : "odd.mp4",
        seconds: Double(number % 10), captions: number % 3 == 0 ? ["en": "a", "ko": "가"] : ["en": "a"],
        caption: "number \(number)")
      return (item, [cos(angle), sin(angle), 0])
    }
  }
}
