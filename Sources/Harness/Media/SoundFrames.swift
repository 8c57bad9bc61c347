import Basics
import Datasets
import Models

/// Vectors of sounds: the log-mel spectrogram itself, or a network's features of stretches of it.
struct SoundFrames: MediaEncoder {
  private static let codeVersion = 1

  let name: String
  let dimension: Int
  let digest: String
  let isSequence: Bool
  var modality: FeatureAttributes.Modality { .audio }
  private let logMel: LogMel
  private let network: Stretches?

  /// What the network looks at.
  private struct Stretches {
    let encoder: AudioImageEncoder
    let seconds: Double
    let count: Int
    let standardize: Bool
  }

  /// - Throws: ``IeumError``: usage for unknown parameters; data for weights that do not fit.
  init(_ name: String, parameters: [String: Scalar], weights: String?, seed: Int) throws {
    let spec = try AudioEncoderRegistry.named(name)
    let owner = "encoder '\(name)'"
    let values = try Parameters(parameters, specs: spec.parameters, owner: owner)
    let settings = try MelSettings(values, owner: owner)
    self.name = name
    logMel = LogMel(settings)
    let given = values.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    guard spec.dimension != nil else {
      guard weights == nil else {
        throw IeumError(.usage, "'\(name)' has no weights", place: "--weights", remedy: "leave the option out")
      }
      network = nil
      dimension = settings.nMels
      isSequence = true
      digest = Digest.of("\(name) \(Self.codeVersion) \(given)")
      return
    }
    let encoder = try AudioImageEncoder(channels: values.int("channels"), weights: weights, seed: UInt64(seed))
    let stretches = Stretches(
      encoder: encoder, seconds: values.double("seconds"), count: values.int("windows"),
      standardize: values.bool("standardize"))
    guard stretches.seconds > 0, stretches.count > 0 else {
      throw IeumError(.usage, "'seconds' and 'windows' must be positive", place: owner)
    }
    network = stretches
    dimension = encoder.dimension
    isSequence = stretches.count > 1
    digest = Digest.of("\(encoder.digest) \(Self.codeVersion) \(given)")
  }

  func encode(_ parts: [MediaPart]) -> [Result<[Float], any Error>] {
    let images = Parallel.map(parts) { part in Result { try spectrograms(of: part) } }
    guard let network else { return images.map { $0.map { $0.flatMap { $0 } } } }
    return images.map { result in
      Result {
        let pictures = try result.get()
        let (mels, time) = (logMel.settings.nMels, pictures[0].count / logMel.settings.nMels)
        let upright = pictures.flatMap { SoundFrames.transposed($0, rows: time, columns: mels) }
        return try network.encoder.encode(upright, count: pictures.count, mels: mels, time: time)
      }
    }
  }

  /// Log-mel spectrograms `[time, mels]`: one of the whole, or one per stretch.
  private func spectrograms(of part: MediaPart) throws -> [[Float]] {
    guard case .file(let path, let start, let end) = part.source else {
      throw IeumError(.data, "has no sound", place: part.id)
    }
    let sound = try Sound.read(path, rate: logMel.settings.sampleRate, start: start, end: end)
    guard let network else { return [try logMel(sound, path: path)] }
    // Where there is a film, stretches lie around its uniformly sampled frames.
    let film = try? VideoFile(path, start: start, end: end).table
    let first = film.map { max(0, $0.time(of: 0) - (start ?? 0)) } ?? 0
    let length = film?.duration ?? sound.duration
    return try (0..<network.count).map { index in
      let center = first + (Double(index) + 0.5) * length / Double(network.count)
      let values = try logMel(sound.window(center: center, seconds: network.seconds), path: path)
      return network.standardize ? SoundFrames.standardized(values) : values
    }
  }

  private static func transposed(_ values: [Float], rows: Int, columns: Int) -> [Float] {
    (0..<columns).flatMap { column in (0..<rows).map { values[$0 * columns + column] } }
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
