/// How sound becomes a mel spectrogram: torchaudio's `MelSpectrogram`, under its parameter names and defaults.
///
/// Declared by an audio encoder, carried out by the media room; part of the encoder's digest.
public struct MelSettings: Sendable, Hashable, Codable {
  /// Hertz; sound is resampled to it.
  public var sampleRate = 16_000
  /// Samples per Fourier transform.
  public var nFFT = 400
  /// Samples under the window; ≤ `nFFT`.
  public var windowLength = 400
  /// Samples from one frame to the next.
  public var hopLength = 200
  /// Lowest and highest frequency, in hertz.
  public var fMin = 0.0
  public var fMax = 8000.0
  /// Zeros added on both sides.
  public var pad = 0
  public var nMels = 128
  public var window = "hann"
  /// Exponent of the magnitude.
  public var power = 2.0
  /// `false`, `window` (divide by the window's norm, torchaudio's `True`) or `frame_length` (by √`nFFT`).
  public var normalized = "false"
  /// Whether frame t is centred on sample t · hop.
  public var center = true
  /// How the ends are continued where frames are centred.
  public var padMode = "reflect"
  /// `none` or `slaney` (filters of equal area).
  public var norm = "none"
  /// `htk` or `slaney`.
  public var melScale = "htk"

  /// What a parameter list may set; 0 stands for torchaudio's `None`.
  public static let parameters = [
    ParameterSpec("sample_rate", default: .int(16_000), "hertz; sound is resampled to it"),
    ParameterSpec("n_fft", default: .int(400), "samples per Fourier transform"),
    ParameterSpec("win_length", default: .int(0), "samples under the window; 0 = n_fft"),
    ParameterSpec("hop_length", default: .int(0), "samples from frame to frame; 0 = win_length / 2"),
    ParameterSpec("f_min", default: .double(0), "lowest frequency in hertz"),
    ParameterSpec("f_max", default: .double(0), "highest frequency in hertz; 0 = sample_rate / 2"),
    ParameterSpec("pad", default: .int(0), "zeros added on both sides"),
    ParameterSpec("n_mels", default: .int(128), "mel filters"),
    ParameterSpec(
      "window_fn", default: .string("hann"), "window", choices: ["hann", "hamming", "blackman", "bartlett", "ones"]),
    ParameterSpec("power", default: .double(2), "exponent of the magnitude"),
    ParameterSpec(
      "normalized", default: .string("false"), "divide by the window's norm or by √n_fft",
      choices: ["false", "true", "window", "frame_length"]),
    ParameterSpec("center", default: .bool(true), "frame t is centred on sample t · hop_length"),
    ParameterSpec(
      "pad_mode", default: .string("reflect"), "how the ends are continued",
      choices: ["reflect", "constant", "replicate", "circular"]),
    ParameterSpec("norm", default: .string("none"), "slaney: filters of equal area", choices: ["none", "slaney"]),
    ParameterSpec("mel_scale", default: .string("htk"), "mel scale", choices: ["htk", "slaney"]),
  ]

  public init() {}

  /// - Throws: ``IeumError`` (usage) naming the parameter that makes no sense.
  public init(_ values: Parameters, owner: String) throws {
    func positive(_ name: String, or otherwise: Int) throws -> Int {
      let value = values.int(name) == 0 && otherwise > 0 ? otherwise : values.int(name)
      guard value > 0 else {
        throw IeumError(.usage, "parameter '\(name)' cannot be \(value)", place: owner, remedy: "give a positive number")
      }
      return value
    }
    sampleRate = try positive("sample_rate", or: 0)
    nFFT = try positive("n_fft", or: 0)
    windowLength = try positive("win_length", or: nFFT)
    hopLength = try positive("hop_length", or: max(1, windowLength / 2))
    nMels = try positive("n_mels", or: 0)
    (fMin, fMax) = (values.double("f_min"), values.double("f_max"))
    // torchaudio halves the rate as an integer.
    if fMax == 0 { fMax = Double(sampleRate / 2) }
    (pad, power, center) = (values.int("pad"), values.double("power"), values.bool("center"))
    (window, padMode) = (values.string("window_fn"), values.string("pad_mode"))
    (norm, melScale) = (values.string("norm"), values.string("mel_scale"))
    normalized = values.string("normalized") == "true" ? "window" : values.string("normalized")
    guard windowLength <= nFFT, fMin >= 0, fMin < fMax, pad >= 0, power > 0 else {
      throw IeumError(
        .usage, "the parameters do not fit together", place: owner,
        remedy: "keep win_length ≤ n_fft, 0 ≤ f_min < f_max, pad ≥ 0 and power > 0")
    }
  }
}
