import Basics
import Datasets
import Foundation
import Models

/// Computes one cell of a sweep: features, one training per seed, embeddings, metrics. Whatever lies in the cache
/// under the digest of all that went into it is taken from there.
struct CellRunner {
  let cell: Experiment.Cell
  let bench: Workbench
  let progress: Progress

  private var config: CellConfig { cell.config }

  /// The cell's parts, resolved but not computed: cheap, so that a finished sweep is recognised at once.
  struct Parts {
    let dataset: Dataset
    let text: TextSource
    let image: ImageFeatures

    /// What the runs of the cell depend on, seed aside.
    func digest(_ config: CellConfig) -> String {
      let settings = ["model", "loss", "training", "evaluation"].map { config.tree[$0]?.canonical ?? "{}" }
      return Digest.of(
        ([Provenance.codeVersion, dataset.digest, text.digest, image.digest] + settings).joined(separator: "\n"))
    }
  }

  func parts() throws -> Parts {
    let dataset = try bench.dataset(config.dataset)
    return Parts(
      dataset: dataset, text: try TextSource(config.text, dataset: dataset, cache: bench.cache),
      image: try ImageFeatures(config.image, cache: bench.cache))
  }

  func folder(_ parts: Parts, seed: Int) -> String {
    bench.cache.run(digest: Digest.of(parts.digest(config) + " seed \(seed)"))
  }

  /// Seeds whose record is not in the cache yet.
  func missingSeeds(_ parts: Parts) -> [Int] {
    config.seeds.filter { RunRecord.read(folder(parts, seed: $0)) == nil }
  }

  /// Computes the missing seeds.
  /// - Throws: ``IeumError`` naming what is missing or wrong; finished seeds stay in the cache.
  func run() throws {
    let parts = try parts()
    let missing = missingSeeds(parts)
    guard !missing.isEmpty else { return }
    try Engine.use(threads: config.training.threads)
    let clock = ContinuousClock()
    let start = clock.now
    let image = try parts.image.inputs(for: parts.dataset, cache: bench.cache, progress: progress)
    let text = try parts.text.inputs(for: parts.dataset, cache: bench.cache, progress: progress)
    let split = Split(rawValue: config.evaluation.split) ?? .test
    let data = try JointData(parts.dataset, text: text, image: image, split: split)
    let features = (clock.now - start) / .seconds(1)
    for seed in missing {
      try SeedRun(
        cell: cell, seed: seed, data: data, folder: folder(parts, seed: seed),
        featureSeconds: features
      ).compute()
    }
  }

  /// The extraction that the cell waits for; done before cells run side by side.
  func prepareFeatures() throws {
    let parts = try parts()
    guard !missingSeeds(parts).isEmpty else { return }
    if parts.image.path(parts.dataset, bench.cache) != nil {
      _ = try parts.image.inputs(for: parts.dataset, cache: bench.cache, progress: progress)
    }
    if parts.text.path(parts.dataset, bench.cache) != nil {
      _ = try parts.text.inputs(for: parts.dataset, cache: bench.cache, progress: progress)
    }
  }
}
