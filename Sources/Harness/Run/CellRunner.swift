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

  /// Computes the missing seeds, each in one process only.
  /// - Parameter wait: whether to wait for seeds that another process computes at the moment.
  /// - Returns: false when some were left to another process.
  /// - Throws: ``IeumError`` naming what is missing or wrong; finished seeds stay in the cache.
  @discardableResult
  func run(wait: Bool = true) throws -> Bool {
    let parts = try parts()
    let missing = missingSeeds(parts)
    guard !missing.isEmpty else { return true }
    let clock = ContinuousClock()
    var loaded: (data: JointData, seconds: Double)?
    var isWhole = true
    for seed in missing {
      let folder = folder(parts, seed: seed)
      guard let turn = wait ? try bench.cache.turn(folder) : try bench.cache.turnIfFree(folder) else {
        isWhole = false
        continue
      }
      defer { turn.release() }
      guard RunRecord.read(folder) == nil else { continue }
      let start = clock.now
      let data = try loaded?.data ?? data(parts)
      let seconds = loaded?.seconds ?? (clock.now - start) / .seconds(1)
      loaded = (data, seconds)
      try SeedRun(cell: cell, seed: seed, data: data, folder: folder, featureSeconds: seconds).compute()
    }
    return isWhole
  }

  private func data(_ parts: Parts) throws -> JointData {
    let image = try parts.image.inputs(for: parts.dataset, cache: bench.cache, progress: progress)
    let text = try parts.text.inputs(for: parts.dataset, cache: bench.cache, progress: progress)
    return try JointData(
      parts.dataset, text: text, image: image, split: Split(rawValue: config.evaluation.split) ?? .test)
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
