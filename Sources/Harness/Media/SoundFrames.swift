import Basics
import Datasets
import Models
import Tensors

/// Vectors of sounds: the log-mel spectrogram itself, or a network's features of stretches of it.
struct SoundFrames: MediaEncoder {
  private static let codeVersion = 1

  let name: String
  let dimension: Int
  let digest: String
  let isSequence: Bool
  var modality: FeatureAttributes.Modality { .audio }
  /// Samples a second of the sounds that it reads.
  var rate: Int { logMel.settings.sampleRate }
  private let logMel: LogMel
  /// The network and the stretches that it looks at.
  private let network: (encoder: AudioImageEncoder, stretches: SoundStretches)?

  /// - Throws: ``IeumError``: usage for unknown parameters; data for weights that do not fit.
  init(
    _ name: String, parameters: [String: Scalar], weights: String?, seed: Int, device: Device = .cpu
  ) throws {
    let spec = try AudioEncoderRegistry.named(name)
    let owner = "encoder '\(name)'"
    let values = try Parameters(parameters, specs: spec.parameters, owner: owner)
    let settings = try MelSettings(values, owner: owner)
    self.name = name
    logMel = LogMel(settings)
    let given = values.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(
      separator: " ")
    guard spec.dimension != nil else {
      guard weights == nil else {
        throw IeumError(
          .usage, "'\(name)' has no weights", place: "--weights", remedy: "leave the option out")
      }
      network = nil
      dimension = settings.nMels
      isSequence = true
      digest = Digest.of("\(name) \(Self.codeVersion) \(given)")
      return
    }
    let encoder = try AudioImageEncoder(
      channels: values.int("channels"), weights: weights, seed: UInt64(seed), device: device)
    let stretches = try SoundStretches(values, logMel: logMel, owner: owner)
    network = (encoder, stretches)
    dimension = encoder.dimension
    isSequence = stretches.count > 1
    digest = Digest.of("\(encoder.digest) \(Self.codeVersion) \(given)")
  }

  func encode(_ parts: [MediaPart], _ shares: inout WaitingShares) -> [Result<[Float], any Error>] {
    guard let (encoder, stretches) = network else {
      return Parallel.map(parts) { part in Result { try spectrogram(of: part) } }
    }
    let images = shares.read { Parallel.map(parts) { part in Result { try stretches.pictures(of: part) } } }
    return images.map { result in
      Result {
        let pictures = try result.get()
        let time = pictures[0].count / stretches.mels
        return try encoder.encode(
          pictures.flatMap { $0 }, count: pictures.count, mels: stretches.mels, time: time)
      }
    }
  }

  /// The log-mel spectrogram of the whole sound, `[time, mels]`.
  private func spectrogram(of part: MediaPart) throws -> [Float] {
    try logMel(part.sound(rate: rate), path: part.name)
  }
}
