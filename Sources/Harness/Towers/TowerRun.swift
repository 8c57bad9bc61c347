import Basics
import Datasets
import Foundation
import Models
import Ranking
import Tensors
import Weights

/// One seed of a cell of towers: train (resumable), embed, choose the mix on validation, rank, record.
///
/// The training lies in a folder of its own: cells that differ in their evaluation alone share it.
struct TowerRun {
  let task: TowerTask
  let data: TowerData
  let seed: Int
  let folder: String
  let trainingFolder: String
  let featureSeconds: Double

  private var config: CellConfig { task.config }
  private var state: StoredState { StoredState(trainingFolder, every: 30) }
  private var checkpointPath: String { trainingFolder + "/checkpoint.safetensors" }

  func compute() throws {
    let clock = ContinuousClock()
    let start = clock.now
    let (network, log, skipped) = try trained()
    skipped.add(data.unreadable)
    let middle = clock.now
    let gallery = TowerGallery(task: task, data: data, embedder: embedder(network), skipped: skipped)
    let share = try gallery.chosenShare()
    let (ranked, missing) = try gallery.rank(share: share, seed: seed, folder: folder)
    let summary = TrainingLog.summary(log)
    let record = RunRecord(
      seed: seed, metrics: ranked.metrics, ci95: ranked.ci95, chance: ranked.chance, ceiling: ranked.ceiling,
      tiedQueries: ranked.tiedQueries, policies: ranked.policies, queries: ranked.queries, gallery: ranked.gallery,
      queriesWithoutRelevant: 0,
      selectedEpoch: summary.selectedEpoch,
      wallSeconds: [
        "features": featureSeconds, "training": max((middle - start) / .seconds(1), summary.seconds),
        "evaluation": (clock.now - middle) / .seconds(1),
      ],
      peakMemoryBytes: Provenance.peakMemory(),
      skippedItems: Set(missing.map { "\(task.dataset.name)/\($0)" }).union(skipped.reasons.keys).count, host: Provenance.host(config.training.device),
      git: Provenance.git(),
      chosen: [RunRecord.waitingShare: summary.waitingShare, RunRecord.validationScore: summary.score]
        .merging(task.towers.audioShares.count > 1 ? [RunRecord.audioShare: share] : [:]) { $1 },
      skipped: skipped.reasons, directions: ranked.counts, sources: data.pairs)
    try AtomicFile.write(log, to: folder + "/train.csv")
    try record.write(folder)
    state.remove()
  }

  private func embedder(_ network: TowerNetwork) -> TowerEmbedder {
    TowerEmbedder(network: network, inputs: data.inputs, towers: task.towers, piece: config.training.batchSize)
  }

  /// The trained network, its log and what it could not read, from the cache where another cell has trained it.
  private func trained() throws -> (TowerNetwork, String, SkippedItems) {
    var generator = SeededGenerator(seed: UInt64(seed), purpose: "init")
    var trunks: [Modality: any Trunk] = [:]
    for modality in Modality.allCases { trunks[modality] = try data.inputs[modality]?.trunk(&generator) }
    let network = try TowerModelRegistry.named(config.model.name).make(
      config.model.parameters, trunks: trunks, generator: &generator)
    if let log = try? String(contentsOfFile: trainingFolder + "/train.csv", encoding: .utf8),
      FileManager.default.fileExists(atPath: checkpointPath)
    {
      let file = try WeightFile.read(checkpointPath)
      let tensors = file.tensors.filter { $0.name.hasPrefix("model.") }
      try network.load(tensors.map { $0.renamed(String($0.name.dropFirst(6))) }, file: checkpointPath)
      try network.to(config.training.device)
      network.computeType = config.training.precision == "bf16" ? .bfloat16 : .float32
      return (network, log, SkippedItems(of: trainingFolder))
    }
    let skipped = SkippedItems()
    return (network, try train(network, skipped), skipped)
  }

  private func train(_ network: TowerNetwork, _ skipped: SkippedItems) throws -> String {
    let gallery = TowerGallery(task: task, data: data, embedder: embedder(network), skipped: skipped)
    let trainer = try PairTrainer(
      network: network, sources: data.sources, configuration: settings(), device: config.training.device
    ) { _ in try gallery.validationScore() }
    var state = state
    try state.restore(trainer.restore)
    let history = try trainer.run { epoch in
      skipped.add(epoch.skipped ?? [:])
      try state.save(trainer.state)
    }
    // Of epochs before a resume too.
    skipped.add(history.skipped)
    try skipped.write(to: trainingFolder)
    let log = TrainingLog.csv(history)
    try Safetensors.write(
      trainer.weights(), metadata: ["cell": task.cell.id, "seed": String(seed)], to: checkpointPath)
    try AtomicFile.write(log, to: trainingFolder + "/train.csv")
    return log
  }

  private func settings() -> PairTrainerConfiguration {
    var settings = PairTrainerConfiguration()
    settings.epochs = config.training.epochs
    settings.batchSize = config.training.batchSize
    settings.learningRate = config.training.learningRate
    settings.schedule = .stepwise(every: task.towers.decayEvery, factor: task.towers.decayFactor)
    settings.patience = config.training.patience
    settings.precision = config.training.precision == "bf16" ? .bf16 : .f32
    settings.seed = UInt64(seed)
    settings.loss = config.loss.name
    settings.lossParameters = config.loss.parameters
    settings.clipNorm = task.towers.clipNorm > 0 ? task.towers.clipNorm : nil
    settings.queueSize = task.towers.queueSize
    settings.workers = task.towers.workers
    return settings
  }
}

/// `train.csv` of a training on pairs.
enum TrainingLog {
  static func csv(_ history: [EpochRecord]) -> String {
    let sources = (history.first?.losses ?? [:]).keys.sorted()
    let header =
      ["epoch", "train_loss", "validation_loss", "seconds", "best", "score", "learning_rate", "waiting_share"]
      + sources.map { "loss_\($0)" } + ["skipped_rows"]
    let rows = history.map { record in
      let numbers: [Double?] =
        [record.score, record.learningRate, record.waitingShare] + sources.map { record.losses?[$0] }
      return
        (["\(record.epoch)", "\(record.trainLoss)", "", "\(record.seconds)", record.isBest ? "1" : "0"]
        + numbers.map { $0.map { "\($0)" } ?? "" } + ["\(record.skippedRows ?? 0)"]).joined(separator: ",")
    }
    return ([header.joined(separator: ",")] + rows).joined(separator: "\n") + "\n"
  }

  struct Summary {
    var selectedEpoch = 0
    var waitingShare = 0.0
    var seconds = 0.0
    /// On validation data, of the epoch that was kept.
    var score = 0.0
  }

  /// The epoch that was kept, and the share of all training time spent waiting for batches.
  static func summary(_ csv: String) -> Summary {
    var summary = Summary()
    var waited = 0.0
    for line in csv.split(separator: "\n").dropFirst() {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      guard fields.count >= 8, let seconds = Double(fields[3]) else { continue }
      if fields[4] == "1" { (summary.selectedEpoch, summary.score) = (Int(fields[0]) ?? 0, Double(fields[5]) ?? 0) }
      summary.seconds += seconds
      waited += seconds * (Double(fields[7]) ?? 0)
    }
    summary.waitingShare = summary.seconds > 0 ? waited / summary.seconds : 0
    return summary
  }
}
