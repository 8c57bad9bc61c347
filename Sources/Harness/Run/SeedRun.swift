import Basics
import Datasets
import Foundation
import Models
import Ranking
import Tensors
import Weights

/// One seed of one cell: train (resumable), embed, rank, record.
struct SeedRun {
  let cell: Experiment.Cell
  let seed: Int
  let data: JointData
  let folder: String
  let featureSeconds: Double

  private var config: CellConfig { cell.config }

  private static func state(in folder: String) -> StoredState { StoredState(folder, every: 5) }

  /// Removes the training state of a run that has its record.
  static func clearState(in folder: String) { state(in: folder).remove() }

  func compute() throws {
    let clock = ContinuousClock()
    let start = clock.now
    let result = config.model.name == KNNBaseline.name ? try KNNBaseline(data, config, seed: seed).vectors() : try trained()
    let middle = clock.now
    let file = try embeddingFile(result)
    let ranking = try RankedRun(file, config.evaluation, similarity: result.similarity, depth: result.depth, seed: seed, folder: folder)
    let record = RunRecord(
      seed: seed, metrics: ranking.metrics, ci95: ranking.ci95, chance: ranking.chance,
      ceiling: ranking.ceiling, tiedQueries: ranking.tiedQueries, policies: ranking.policies,
      queries: data.queryRows.count, gallery: data.items.count,
      queriesWithoutRelevant: data.items.count - data.queryRows.count, selectedEpoch: result.selectedEpoch,
      wallSeconds: [
        "features": featureSeconds, "training": (middle - start) / .seconds(1),
        "evaluation": (clock.now - middle) / .seconds(1),
      ],
      peakMemoryBytes: Provenance.peakMemory(), skippedItems: data.skipped, partialItems: data.partial,
      host: Provenance.host(config.training.device), git: Provenance.git(),
      chosen: result.waitingShare.map { [RunRecord.waitingShare: $0] }, directions: [data.counts])
    try record.write(folder)
    Self.clearState(in: folder)
  }

  /// Vectors of the evaluated items and how they are to be compared.
  struct Vectors {
    let vectors: [Float]
    let dimension: Int
    let similarity: Similarity
    /// Places that are retrieved at all; nil = the whole gallery is ranked.
    var depth: Int?
    let selectedEpoch: Int
    /// Of all training time, where an image encoder learns and its pictures are decoded in the background.
    var waitingShare: Double?
  }

  private func trained() throws -> Vectors {
    var generator = SeededGenerator(seed: UInt64(seed), purpose: "init")
    let (text, image) = (try data.text.network(&generator), try data.image.network(&generator))
    let spec = try JointModelRegistry.named(config.model.name)
    let model = try spec.make(
      config.model.parameters,
      inputs: .init(text: data.text.dimension, image: data.image.dimension),
      generator: &generator)
    let trainer = try JointTrainer(
      model: model, text: text, image: image, train: data.train, validation: data.validation,
      configuration: Self.settings(config, seed: seed, isTrainable: spec.isTrainable), device: config.training.device)
    var state = Self.state(in: folder)
    try state.restore(trainer.restore)
    let history = try trainer.run { _ in try state.save(trainer.state) }
    try Safetensors.write(trainer.weights(), metadata: ["cell": cell.id, "seed": String(seed)], to: folder + "/checkpoint.safetensors")
    try AtomicFile.write(trainingLog(history), to: folder + "/train.csv")
    let embeddings = try trainer.embeddings(of: data.evaluated)
    return Vectors(
      vectors: try embeddings.floats(), dimension: embeddings.shape[1],
      similarity: try Similarity.named(config.evaluation.similarity),
      selectedEpoch: trainer.bestRecord?.epoch ?? 0, waitingShare: config.image.train ? waitingShare(history) : nil)
  }

  private func waitingShare(_ history: [EpochRecord]) -> Double {
    let waited = history.reduce(0) { $0 + $1.seconds * ($1.waitingShare ?? 0) }
    return waited / max(history.reduce(0) { $0 + $1.seconds }, 1e-9)
  }

  static func settings(_ config: CellConfig, seed: Int, isTrainable: Bool) -> TrainerConfiguration {
    var settings = TrainerConfiguration()
    settings.epochs = isTrainable ? config.training.epochs : 0
    settings.batchSize = config.training.batchSize
    settings.learningRate = config.training.learningRate
    settings.encoderLearningRate = config.training.encoderLearningRate
    settings.patience = config.training.patience
    settings.groupSize = config.training.groupSize
    settings.workers = config.training.workers
    settings.precision = config.training.precision == "bf16" ? .bf16 : .f32
    settings.seed = UInt64(seed)
    settings.loss = config.loss.name
    settings.lossParameters = config.loss.parameters
    settings.mining = config.loss.mining.flatMap { Mining(rawValue: $0) }
    return settings
  }

  private func trainingLog(_ history: [EpochRecord]) -> String {
    let rows = history.map { record in
      let validation = record.validationLoss.map { String($0) } ?? ""
      return "\(record.epoch),\(record.trainLoss),\(validation),\(record.seconds),\(record.isBest ? 1 : 0),\(record.waitingShare ?? 0)"
    }
    return (["epoch,train_loss,validation_loss,seconds,best,waiting_share"] + rows).joined(separator: "\n") + "\n"
  }

  /// Writes the embedding file (`ieum eval` reads it): every item queries all the others.
  private func embeddingFile(_ result: Vectors) throws -> EmbeddingFile {
    let (vectors, dimension) = (result.vectors, result.dimension)
    let ids = data.items.map(\.id)
    let file = EmbeddingFile(
      queries: data.queryRows.flatMap { vectors[($0 * dimension)..<(($0 + 1) * dimension)] }, gallery: vectors,
      dimension: dimension, relevant: data.queryRows.map { data.evaluated.relevant[$0] },
      queryIDs: data.queryRows.map { ids[$0] }, galleryIDs: ids, exclude: data.queryRows)
    try file.write(to: folder + "/embeddings.h5")
    return file
  }
}
