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
  /// Processes that train side by side, this one among them.
  var beside = 1

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
      do { _ = try body() } catch let error as IeumError where error.kind == .data {
        if !missing.contains(where: { $0.description == error.description }) { missing.append(error) }
      }
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

  /// Where a seed's training lies, which cells may share.
  private func trainingFolder(_ task: any CellTask, seed: Int) -> String {
    bench.cache.run(digest: Digest.of(task.trainingKey + " seed \(seed)"))
  }

  /// The trainings, by their folders, that are still to be done for the missing seeds.
  func missingTrainings(_ task: any CellTask) -> [String] {
    let folders = missingSeeds(task).map { trainingFolder(task, seed: $0) }
    // Weights are taken up again where cells share them only.
    guard task.trainingKey != task.digest else { return folders }
    return folders.filter { folder in
      ["train.csv", "checkpoint.safetensors"].contains { !FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
    }
  }

  /// Seeds whose record is not in the cache yet.
  func missingSeeds(_ task: any CellTask) -> [Int] {
    config.seeds.filter { RunRecord.read(folder(task, seed: $0)) == nil }
  }

  /// Whether another process is computing one of its seeds on this machine (or where the file system passes locks on).
  func isHeld(_ task: any CellTask) -> Bool {
    missingSeeds(task).contains { bench.cache.isHeld(trainingFolder(task, seed: $0)) }
  }

  /// Computes the missing seeds, each in one process only.
  /// - Parameter wait: whether to wait for seeds that another process computes at the moment.
  /// - Returns: false when some were left to another process.
  /// - Throws: ``IeumError`` naming what is missing or wrong; finished seeds stay in the cache.
  @discardableResult
  func run(wait: Bool = true) throws -> Bool {
    let task = try task()
    var turns: [FileLock] = []
    defer { for turn in turns { turn.release() } }
    var (mine, isWhole): ([Int], Bool) = ([], true)
    for seed in missingSeeds(task) {
      // Cells that share a training wait for each other, not only for their own records.
      let training = trainingFolder(task, seed: seed)
      guard let turn = wait ? try bench.cache.turn(training) : try bench.cache.turnIfFree(training) else {
        isWhole = false
        continue
      }
      turns.append(turn)
      if RunRecord.read(folder(task, seed: seed)) == nil { mine.append(seed) }
    }
    guard !mine.isEmpty else { return isWhole }
    try CellCheck.device(of: cell)
    try Engine.use(threads: config.training.threads)
    Provenance.forgetPeakMemory()
    try task.compute(seeds: mine, folder: { folder(task, seed: $0) }, progress: progress)
    CellMemory(bench: bench).record(Provenance.peakMemory(), of: cell)
    let records = mine.compactMap { RunRecord.read(folder(task, seed: $0)) }
    CellCost(config: config).record(task, records, beside: beside, in: bench.cache)
    for record in records {
      guard let waiting = record.chosen?[RunRecord.waitingShare], let seconds = record.wallSeconds["training"] else { continue }
      progress.note(
        String(format: "%@, seed %d: trained for %.1f s, %.0f %% of it waiting for batches", cell.id, record.seed, seconds, 100 * waiting))
    }
    return isWhole
  }

  /// The extraction that the cell waits for; done before cells run side by side.
  func prepareFeatures() throws {
    let task = try task()
    guard !missingSeeds(task).isEmpty else { return }
    try CellCheck.device(of: cell)
    try task.prepare(progress)
  }
}
