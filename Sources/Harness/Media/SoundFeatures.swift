import Basics
import Datasets
import Foundation
import Models

/// Fills the feature store with the sounds of a dataset: of its sound files, else of its films.
struct SoundFeatures {
  private let frames: SoundFrames

  /// - Throws: ``IeumError``: usage for an unknown encoder or parameter; data for weights that do not fit.
  init(_ choice: CellConfig.EncoderChoice, cache: Cache) throws {
    frames = try SoundFrames(
      choice.encoder, parameters: choice.parameters,
      weights: try WeightCatalog.resolve(choice.weights, cache: cache),
      seed: choice.seed, device: choice.device)
  }

  func path(_ dataset: Dataset, _ cache: Cache) -> String {
    cache.features(
      dataset: dataset.name, encoder: frames.name, digest: Digest.of(dataset.digest + frames.digest))
  }

  /// The feature file, extracted first where it is missing. Items without sound stand among its errors.
  func file(for dataset: Dataset, cache: Cache, progress: Progress) throws -> FeatureFile {
    let path = path(dataset, cache)
    return try cache.features(at: path) {
      try frames.file(for: dataset, parts: dataset.allItems.map(MediaPart.heard), at: path, progress: progress)
    }
  }
}
