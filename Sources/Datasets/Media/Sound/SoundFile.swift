import Basics
import CLibAV

/// Mono sound in memory.
public struct Sound: Sendable, Hashable {
  /// In −1…1.
  public let samples: [Float]
  /// Samples per second.
  public let rate: Int

  public init(samples: [Float], rate: Int) {
    precondition(rate > 0, "a rate of \(rate)")
    self.samples = samples
    self.rate = rate
  }

  public var duration: Double { Double(samples.count) / Double(rate) }

  /// `seconds` of sound around the time `center` (in seconds), silent where the sound does not reach
  /// (half2020: 3 s around a frame).
  public func window(center: Double, seconds: Double) -> Sound {
    let count = max(1, Int((seconds * Double(rate)).rounded()))
    let first = Int(((center - seconds / 2) * Double(rate)).rounded())
    var part = [Float](repeating: 0, count: count)
    let range = max(0, first)..<max(max(0, first), min(samples.count, first + count))
    for index in range { part[index - first] = samples[index] }
    return Sound(samples: part, rate: rate)
  }

  /// Cut, or lengthened by silence, to a number of seconds.
  public func fitted(to seconds: Double) -> Sound { window(center: seconds / 2, seconds: seconds) }

  /// Decodes the sound of any file that libavformat reads, a film's too. Channels are averaged; libswresample
  /// resamples (windowed sinc of 64 taps). Sound that begins later than the file begins with silence.
  ///
  /// A part holds the very samples that the whole holds there. More than two minutes into a lossy sound decoding begins
  /// near the part instead: noise that the codec leaves open then differs, and Matroska's times are rounded to 1 ms.
  /// - Parameters:
  ///   - rate: hertz; nil = the file's own.
  ///   - start, end: seconds from the file's beginning.
  /// - Throws: ``IeumError`` (data) naming the file when it is missing, empty, has no sound, is damaged or
  ///   cut short.
  public static func read(_ path: String, rate: Int? = nil, start: Double? = nil, end: Double? = nil) throws
    -> Sound
  {
    var sound = clibav_sound()
    defer { clibav_sound_free(&sound) }
    try MediaShim.call(path, "sound") {
      clibav_sound_read(path, Int32(rate ?? 0), start ?? -1, end ?? -1, &sound, $0, $1)
    }
    return Sound(
      samples: Array(UnsafeBufferPointer(start: sound.samples, count: Int(sound.count))),
      rate: rate ?? Int(sound.source_rate))
  }
}
