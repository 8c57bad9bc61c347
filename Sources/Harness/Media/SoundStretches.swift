import Basics
import Datasets

/// Equal stretches of a sound as log-mel pictures: time runs to the right, frequency downwards.
struct SoundStretches: Sendable {
  let logMel: LogMel
  let seconds: Double
  /// Stretches per sound.
  let count: Int
  /// Shift and scale every picture to mean 0 and deviation 1.
  let standardize: Bool

  /// - Throws: ``IeumError`` (usage) for a length or a number that is not positive.
  init(_ values: Parameters, logMel: LogMel, owner: String) throws {
    self.logMel = logMel
    (seconds, count) = (values.double("seconds"), values.int("windows"))
    standardize = values.bool("standardize")
    guard seconds > 0, count > 0 else {
      throw IeumError(.usage, "'seconds' and 'windows' must be positive", place: owner)
    }
  }

  var mels: Int { logMel.settings.nMels }
  /// Samples a second of the sounds that it reads.
  var rate: Int { logMel.settings.sampleRate }

  /// Pictures `[mels, time]` row-major, all of one size.
  /// - Parameter numbers: which stretches; nil = all.
  /// - Throws: ``IeumError`` (data) for an item without sound.
  func pictures(of part: MediaPart, numbers: [Int]? = nil) throws -> [[Float]] {
    let sound = try part.sound(rate: rate)
    // Where there is a film, stretches lie around its uniformly sampled frames.
    var (film, first): (FrameTable?, Double) = (nil, 0)
    if case .file(let path, let start, let end) = part.source {
      film = try? VideoFile(path, start: start, end: end).table
      first = film.map { max(0, $0.time(of: 0) - (start ?? 0)) } ?? 0
    }
    let length = film?.duration ?? sound.duration
    return try (numbers ?? Array(0..<count)).map { index in
      let center = first + (Double(index) + 0.5) * length / Double(count)
      let values = try logMel(sound.window(center: center, seconds: seconds), path: part.name)
      return upright(standardize ? Self.standardized(values) : values)
    }
  }

  /// Numbers of a picture, `mels · time`.
  func pictureSize() throws -> Int {
    try logMel(Sound(samples: [], rate: rate).window(center: 0, seconds: seconds), path: "silence").count
  }

  private func upright(_ values: [Float]) -> [Float] {
    let time = values.count / mels
    return (0..<mels).flatMap { mel in (0..<time).map { values[$0 * mels + mel] } }
  }

  /// Mean 0, deviation 1; a constant picture (silence) becomes 0.
  private static func standardized(_ values: [Float]) -> [Float] {
    let count = Double(values.count)
    let mean = values.reduce(0.0) { $0 + Double($1) } / count
    let variance = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
    let scale = variance > 1e-12 ? 1 / variance.squareRoot() : 0
    return values.map { Float((Double($0) - mean) * scale) }
  }
}
