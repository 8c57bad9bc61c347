import Basics
import Foundation

/// Log-mel spectrograms: torchaudio's `MelSpectrogram`, then ln(x + 10⁻⁶). Agrees with it to 10⁻³.
public struct LogMel: Sendable {
  public static let offset = 1e-6

  public let settings: MelSettings
  private let window: [Double]
  private let transform: FourierTransform
  private let filters: MelFilters
  /// What magnitudes are multiplied by.
  private let scale: Double

  public init(_ settings: MelSettings) {
    self.settings = settings
    let window = LogMel.window(settings)
    self.window = window
    transform = FourierTransform(length: settings.nFFT)
    filters = MelFilters(settings)
    scale =
      switch settings.normalized {
      case "window": 1 / window.reduce(0) { $0 + $1 * $1 }.squareRoot()
      case "frame_length": 1 / Double(settings.nFFT).squareRoot()
      default: 1
      }
  }

  /// The log-mel spectrogram of a sound.
  /// - Parameter path: for messages.
  /// - Returns: `[time, n_mels]` row-major.
  /// - Throws: ``IeumError`` (data) when the sound is too short for one frame or has another rate.
  public func callAsFunction(_ sound: Sound, path: String) throws -> [Float] {
    guard sound.rate == settings.sampleRate else {
      throw IeumError(.system, "has \(sound.rate) Hz and not \(settings.sampleRate) Hz", file: path)
    }
    let samples = try padded(sound.samples, path)
    let count = samples.count < settings.nFFT ? 0 : 1 + (samples.count - settings.nFFT) / settings.hopLength
    guard count > 0 else { throw tooShort(sound, path) }
    var result: [Float] = []
    result.reserveCapacity(count * settings.nMels)
    for frame in stride(from: 0, to: count, by: 2) {
      let (first, second) = spectra(samples, frame, hasSecond: frame + 1 < count)
      for spectrum in [first, second].compactMap({ $0 }) {
        result += filters.apply(spectrum).map { Float(log($0 + LogMel.offset)) }
      }
    }
    return result
  }

  /// Two frames at a time, one as the real and one as the imaginary part.
  private func spectra(_ samples: [Double], _ frame: Int, hasSecond: Bool) -> ([Double], [Double]?) {
    let n = settings.nFFT
    var input = [Double](repeating: 0, count: 2 * n)
    let (first, second) = (frame * settings.hopLength, (frame + 1) * settings.hopLength)
    for index in 0..<n {
      input[2 * index] = samples[first + index] * window[index]
      if hasSecond { input[2 * index + 1] = samples[second + index] * window[index] }
    }
    let z = transform.forward(input)
    func power(_ k: Int, _ sign: Double) -> Double {
      let mirror = (n - k) % n
      let (x, y) = (z[2 * k] + sign * z[2 * mirror], z[2 * k + 1] - sign * z[2 * mirror + 1])
      let magnitude = 0.5 * (x * x + y * y).squareRoot() * scale
      return settings.power == 2 ? magnitude * magnitude : pow(magnitude, settings.power)
    }
    let bins = 0...n / 2
    return (bins.map { power($0, 1) }, hasSecond ? bins.map { power($0, -1) } : nil)
  }

  private func tooShort(_ sound: Sound, _ path: String) -> IeumError {
    IeumError(
      .data,
      "\(sound.samples.count) samples at \(sound.rate) Hz are too short for a spectrum of \(settings.nFFT)",
      file: path, remedy: "leave it out, or choose a smaller n_fft")
  }

  /// The samples between `pad` zeros, and with their ends continued by half a transform where frames are
  /// centred.
  private func padded(_ samples: [Float], _ path: String) throws -> [Double] {
    let zeros = [Double](repeating: 0, count: settings.pad)
    let inside = zeros + samples.map(Double.init) + zeros
    guard settings.center else { return inside }
    let (half, count) = (settings.nFFT / 2, inside.count)
    let needed =
      switch settings.padMode {
      case "reflect": half + 1
      case "circular": half
      default: 1
      }
    guard count >= needed else { throw tooShort(Sound(samples: samples, rate: settings.sampleRate), path) }
    func outside(_ index: Int) -> Double {
      switch settings.padMode {
      case "reflect": inside[index < 0 ? -index : 2 * (count - 1) - index]
      case "replicate": inside[index < 0 ? 0 : count - 1]
      case "circular": inside[(index + count) % count]
      default: 0
      }
    }
    return (-half..<0).map(outside) + inside + (count..<count + half).map(outside)
  }

  /// torch's periodic windows, in the middle of the transform.
  private static func window(_ settings: MelSettings) -> [Double] {
    let (n, length) = (settings.nFFT, settings.windowLength)
    let left = (n - length) / 2
    var window = [Double](repeating: 0, count: n)
    for index in 0..<length {
      let x = Double(index) / Double(length)
      window[left + index] =
        switch settings.window {
        case "hamming": 0.54 - 0.46 * cos(2 * .pi * x)
        case "blackman": 0.42 - 0.5 * cos(2 * .pi * x) + 0.08 * cos(4 * .pi * x)
        case "bartlett": 1 - abs(2 * x - 1)
        case "ones": 1
        default: 0.5 - 0.5 * cos(2 * .pi * x)
        }
    }
    return window
  }
}
