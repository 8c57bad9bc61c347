import Basics
import Datasets
import Models
import Tensors

/// Encodes a whole dataset with one encoder, outside any experiment (`ieum features extract`).
public struct FeatureExtraction {
  private let dataset: CellConfig.DatasetChoice
  private let encoder: CellConfig.EncoderChoice

  /// - Parameters:
  ///   - options: of the dataset, such as its named split.
  ///   - parameters: of the encoder; image encoders take `frames` and `sampling` for films.
  public init(
    dataset: String, root: String?, language: String?, options: [String: Scalar] = [:], encoder: String,
    weights: String, seed: Int,
    precision: InferencePrecision = .f32, device: Device = .cpu, parameters: [String: Scalar] = [:]
  ) throws {
    let spec = try DatasetRegistry.named(dataset)
    self.dataset = .init(name: dataset, root: root, language: language ?? spec.defaultLanguage, options: options)
    self.encoder = .init(
      encoder: encoder, weights: weights, seed: seed, train: false, precision: precision, device: device,
      parameters: parameters)
  }

  /// - Throws: ``IeumError``: usage for an unknown or trainable encoder; data for missing data or weights.
  public func run(bench: Workbench = Workbench()) throws -> FeatureFile {
    if ImageEncoderRegistry.all.contains(where: { $0.name == encoder.encoder }) {
      let data = try bench.dataset(dataset)
      return try ImageFeatures(encoder, cache: bench.cache).file(for: data, cache: bench.cache, progress: Progress())
    }
    if AudioEncoderRegistry.all.contains(where: { $0.name == encoder.encoder }) {
      return try SoundFeatures(encoder, cache: bench.cache).file(
        for: try bench.dataset(dataset), cache: bench.cache, progress: Progress())
    }
    _ = try TextEncoderRegistry.named(encoder.encoder)
    let data = try bench.dataset(dataset)
    // An item with several captions has a row for each.
    if data.allItems.contains(where: { data.captions(of: $0).count > 1 }) {
      return try TextTower(encoder, datasets: [data], cache: bench.cache).captionFile(of: data, Progress())
    }
    let source = try TextSource(encoder, dataset: data, cache: bench.cache)
    guard case .features(let file) = try source.inputs(for: data, cache: bench.cache, progress: Progress()) else {
      throw IeumError(
        .usage, "'\(encoder.encoder)' is trained with the joint model; it has no frozen features", place: "--encoder",
        remedy: "use word2vec or bert")
    }
    return file
  }
}
