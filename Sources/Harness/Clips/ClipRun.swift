import Basics
import Datasets
import Foundation
import Models
import Ranking
import Tensors
import Weights

/// One seed of a cell of clips: train (resumable), embed, rank, record.
///
/// The training lies in a folder of its own: cells that differ in their evaluation alone share it.
struct ClipRun {
  let task: ClipTask
  let towers: ClipTowerFiles
  let data: ClipData
  let seed: Int
  let folder: String
  let trainingFolder: String
  let featureSeconds: Double

  private var config: CellConfig { task.config }
  private var state: StoredState { StoredState(trainingFolder, every: 60) }
  private var checkpointPath: String { trainingFolder + "/checkpoint.safetensors" }

  func compute() throws {
    let start = ContinuousClock.now
    let network = try towers.network(seed: seed)
    let (log, skipped) = try trained(network)
    skipped.add(data.unreadable)
    let middle = ContinuousClock.now
    let ranking = ClipRanking(task: task, data: data, network: network, skipped: skipped)
    let (ranked, missing) = try ranking.rank(seed: seed, folder: folder)
    let summary = TrainingLog.summary(log)
    let record = RunRecord(
      seed: seed, metrics: ranked.metrics, ci95: ranked.ci95, chance: ranked.chance, ceiling: ranked.ceiling,
      tiedQueries: ranked.tiedQueries, policies: ranked.policies, queries: ranked.queries, gallery: ranked.gallery,
      queriesWithoutRelevant: 0, selectedEpoch: summary.selectedEpoch,
      wallSeconds: [
        "features": featureSeconds, "training": max((middle - start) / .seconds(1), summary.seconds),
        "evaluation": (ContinuousClock.now - middle) / .seconds(1),
      ],
      peakMemoryBytes: Provenance.peakMemory(),
      skippedItems: Set(missing.map { "\(task.dataset.name)/\($0)" }).union(skipped.reasons.keys).count,
      host: Provenance.host(config.training.device), git: Provenance.git(),
      chosen: [RunRecord.waitingShare: summary.waitingShare, RunRecord.validationScore: summary.score],
      skipped: skipped.reasons, directions: ranked.counts, sources: data.pairs)
    try AtomicFile.write(log, to: folder + "/train.csv")
    try record.write(folder)
    state.remove()
  }

  /// Trains, or takes the weights from the cache where another cell has trained them.
  /// - Returns: the log, and what could not be read.
  private func trained(_ network: Clip4ClipNetwork) throws -> (String, SkippedItems) {
    let recipe = try recipe()
    if let log = try? String(contentsOfFile: trainingFolder + "/train.csv", encoding: .utf8),
      FileManager.default.fileExists(atPath: checkpointPath)
    {
      try network.load(WeightFile.read(checkpointPath).tensors, file: checkpointPath)
      try network.to(config.training.device)
      network.isReduced = recipe.precision == .bf16
      network.train(false)
      return (log, SkippedItems(of: trainingFolder))
    }
    let skipped = SkippedItems()
    let ranking = ClipRanking(task: task, data: data, network: network, skipped: skipped)
    let trainer = try ClipTrainer(
      network: network, source: data.source, recipe: recipe, device: config.training.device
    ) { _ in try ranking.validationScore() }
    var state = state
    try state.restore(trainer.restore)
    let progress = Progress()
    progress.start("\(task.cell.id), seed \(seed): epochs", total: recipe.epochs)
    let history = try trainer.run { epoch in
      progress.advance(1)
      skipped.add(epoch.skipped ?? [:])
      try state.save(trainer.state)
    }
    progress.finish()
    // Of epochs before a resume too.
    skipped.add(history.skipped)
    try skipped.write(to: trainingFolder)
    let log = TrainingLog.csv(history)
    // The vocabulary beside the weights is where `ieum encode` looks for it.
    if let merges = towers.tokens.merges { try AtomicFile.write(merges, to: trainingFolder + "/" + ClipTokens.mergesName) }
    try Safetensors.write(
      network.state(), metadata: ["cell": task.cell.id, "seed": String(seed)], to: checkpointPath)
    try AtomicFile.write(log, to: trainingFolder + "/train.csv")
    return (log, skipped)
  }

  private func recipe() throws -> ClipRecipe {
    var recipe = try ClipRecipe(task.clips.recipe)
    recipe.epochs = config.training.epochs
    recipe.batchSize = config.training.batchSize
    recipe.learningRate = config.training.learningRate
    recipe.patience = config.training.patience
    recipe.precision = config.training.precision == "bf16" ? .bf16 : .f32
    recipe.seed = UInt64(seed)
    recipe.workers = task.clips.workers
    recipe.distillation = task.clips.distillation?.weight ?? 0
    return recipe
  }
}
