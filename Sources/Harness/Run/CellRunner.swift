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

  /// What the cell computes, resolved.
  /// - Throws: ``IeumError``: data for data or weights that are not in place, usage for settings that do not fit.
  func task() throws -> any CellTask {
    if let towers = config.towers { return try TowerTask(cell, towers, bench: bench) }
    if let clips = config.clips { return try ClipTask(cell, clips, bench: bench) }
    return try ItemTask(cell, bench: bench)
  }

  /// Everything that is missing on disk, each with the way to get it; empty when the cell can run.
  /// - Throws: ``IeumError`` (usage) for settings that no run could carry out.
  func missing() throws -> [IeumError] {
    var missing: [IeumError] = []
    func attempt<T>(_ body: () throws -> T) throws {
      do { _ = try body() } catch let error as IeumError where error.kind == .data { missing.append(error) }
    }
    if config.towers == nil {
      try attempt { try bench.dataset(config.dataset) }
      for weights in [config.text.weights, config.image.weights] {
        try attempt { try WeightCatalog.resolve(weights, cache: bench.cache) }
      }
    }
    // Towers tell of all that is missing at once.
    if missing.isEmpty { try attempt { try task() } }
    return missing
  }

  func folder(_ task: any CellTask, seed: Int) -> String {
    bench.cache.run(digest: Digest.of(task.digest + " seed \(seed)"))
  }

  /// Seeds whose record is not in the cache yet.
  func missingSeeds(_ task: any CellTask) -> [Int] {
    config.seeds.filter { RunRecord.read(folder(task, seed: $0)) == nil }
  }

  /// Computes the missing seeds.
  /// - Throws: ``IeumError`` naming what is missing or wrong; finished seeds stay in the cache.
  func run() throws {
    let task = try task()
    let missing = missingSeeds(task)
    guard !missing.isEmpty else { return }
    try Engine.use(threads: config.training.threads)
    try task.compute(seeds: missing, folder: { folder(task, seed: $0) }, progress: progress)
  }

  /// The extraction that the cell waits for; done before cells run side by side.
  func prepareFeatures() throws {
    let task = try task()
    guard !missingSeeds(task).isEmpty else { return }
    try task.prepare(progress)
  }
}
