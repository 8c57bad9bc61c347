import Basics
import Datasets
import Models
import Tensors

/// Sounds as the sound side of trained towers reads them: the same stretches as in training, through the frozen encoder
/// or as log-mel pictures for a network that was trained with the towers.
struct QuerySounds {
  /// Tells in a model's card that the network's weights are among the model's own.
  static let trainedKey = "trained"
  /// Below the towers; of a trained network the weights come with the towers'.
  let trunk: any Trunk
  /// Samples a second of the sounds that are read.
  let rate: Int
  private let reads: Reader

  private enum Reader {
    /// Mean and deviation over time of the log-mel spectrogram.
    case statistics(SoundFrames)
    case features(SoundFrames)
    case pictures(SoundStretches)
  }

  /// - Throws: ``IeumError``: data for weights that are missing or others than in training.
  init(_ encoder: SearchModel.Encoder, cache: Cache) throws {
    let parameters = encoder.scalars.filter { $0.key != Self.trainedKey }
    if encoder.parameters[Self.trainedKey] == "true" {
      let owner = "encoder '\(encoder.encoder)'"
      let values = try Parameters(
        parameters, specs: try AudioEncoderRegistry.named(encoder.encoder).parameters, owner: owner)
      let spec = try ImageEncoderRegistry.named("resnet18")
      var generator = SeededGenerator(seed: 0)
      let network = try ImageTower.network(spec, weights: nil, seed: 0, &generator)
      trunk = try SpectrogramTrunk(network, dimension: spec.dimension)
      let stretches = try SoundStretches(values, logMel: LogMel(MelSettings(values, owner: owner)), owner: owner)
      (reads, rate) = (.pictures(stretches), stretches.rate)
      return
    }
    let frames = try SoundFrames(
      encoder.encoder, parameters: parameters, weights: try SearchModel.weights(encoder, cache), seed: encoder.seed)
    let isSpectrogram = try AudioEncoderRegistry.named(encoder.encoder).dimension == nil
    (reads, rate) = (isSpectrogram ? .statistics(frames) : .features(frames), frames.rate)
    trunk = StoredTrunk(dimension: isSpectrogram ? 2 * frames.dimension : frames.dimension)
  }

  /// The trunk's input for each sound, one row per stretch, or why there is none.
  func inputs(_ parts: [MediaPart]) -> [Result<Tensor, IeumError>] {
    // Nobody reads how long a query's stages wait.
    var shares = WaitingShares()
    switch reads {
    case .statistics(let frames):
      return zip(parts, frames.encode(parts, &shares)).map { part, result in
        Self.told {
          let values = SoundTower.statistics(try result.get(), frames.dimension)
          return try Tensor(values, shape: [1, values.count])
        }
      }
    case .features(let frames):
      return frames.encode(parts, &shares).map { result in
        Self.told {
          let values = try result.get()
          return try Tensor(values, shape: [values.count / frames.dimension, frames.dimension])
        }
      }
    case .pictures(let stretches):
      return Parallel.map(parts) { part in Result { try stretches.pictures(of: part) } }.map { result in
        Self.told {
          let pictures = try result.get()
          let time = (pictures.first?.count ?? 0) / stretches.mels
          return try Tensor(pictures.flatMap { $0 }, shape: [pictures.count, 1, stretches.mels, time])
        }
      }
    }
  }

  private static func told(_ body: () throws -> Tensor) -> Result<Tensor, IeumError> {
    do { return .success(try body()) } catch let error as IeumError { return .failure(error) } catch {
      return .failure(IeumError(.data, "\(error)"))
    }
  }
}
