import Basics
import Datasets
import Foundation
import Models
import Ranking
import Tensors
import Weights

/// Computes one cell of a sweep: features, one training per seed, embeddings, metrics. Whatever lies in the cache
/// under the digest of all that went into it is taken from there.
struct CellRunner {
  let experiment: String
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
    let clock = ContinuousClock()
    let start = clock.now
    let image = try parts.image.file(for: parts.dataset, cache: bench.cache, progress: progress)
    let text = try parts.text.inputs(for: parts.dataset, cache: bench.cache, progress: progress)
    let split = Split(rawValue: config.evaluation.split) ?? .test
    let data = try JointData(parts.dataset, text: text, image: image, split: split)
    let features = (clock.now - start) / .seconds(1)
    for seed in missing {
      try SeedRun(
        cell: cell, seed: seed, data: data, text: parts.text, folder: folder(parts, seed: seed),
        featureSeconds: features
      ).compute()
    }
  }

  /// The extraction that the cell waits for; done before cells run side by side.
  func prepareFeatures() throws {
    let parts = try parts()
    guard !missingSeeds(parts).isEmpty else { return }
    _ = try parts.image.file(for: parts.dataset, cache: bench.cache, progress: progress)
    _ = try parts.text.inputs(for: parts.dataset, cache: bench.cache, progress: progress)
  }
}

/// One seed of one cell: train (resumable), embed, rank, record.
struct SeedRun {
  let cell: Experiment.Cell
  let seed: Int
  let data: JointData
  let text: TextSource
  let folder: String
  let featureSeconds: Double

  private var config: CellConfig { cell.config }
  private var statePath: String { folder + "/state.safetensors" }

  func compute() throws {
    let clock = ContinuousClock()
    let start = clock.now
    let result = config.model.name == KNNBaseline.name ? try KNNBaseline(data, config).vectors() : try trained()
    let middle = clock.now
    let file = try embeddingFile(result)
    let ranking = try RankedRun(file, config.evaluation, similarity: result.similarity, seed: seed, folder: folder)
    let record = RunRecord(
      seed: seed, metrics: ranking.metrics, ci95: ranking.ci95, chance: ranking.chance,
      ceiling: ranking.ceiling, tiedQueries: ranking.tiedQueries, policies: ranking.policies, queries: data.queryRows.count, gallery: data.items.count,
      queriesWithoutRelevant: data.items.count - data.queryRows.count, selectedEpoch: result.selectedEpoch,
      wallSeconds: [
        "features": featureSeconds, "training": (middle - start) / .seconds(1),
        "evaluation": (clock.now - middle) / .seconds(1),
      ],
      peakMemoryBytes: Provenance.peakMemory(), skippedItems: data.skipped, host: Provenance.host(),
      git: Provenance.git())
    try record.write(folder)
    try? FileManager.default.removeItem(atPath: statePath)
  }

  /// Vectors of the evaluated items and how they are to be compared.
  struct Vectors {
    let vectors: [Float]
    let dimension: Int
    let similarity: Similarity
    let selectedEpoch: Int
  }

  private func trained() throws -> Vectors {
    var generator = SeededGenerator(seed: UInt64(seed), purpose: "init")
    let network = try text.network(&generator)
    let spec = try JointModelRegistry.named(config.model.name)
    let model = try spec.make(
      config.model.parameters,
      inputs: .init(text: text.dimension ?? data.train.text.shape[1], image: data.train.image.shape[1]),
      generator: &generator)
    let trainer = try JointTrainer(
      model: model, text: network, train: data.train, validation: data.validation,
      configuration: settings(isTrainable: spec.isTrainable))
    if FileManager.default.fileExists(atPath: statePath) {
      let file = try WeightFile.read(statePath)
      try trainer.restore(TrainerState(tensors: file.tensors, metadata: file.metadata))
    }
    // A checkpoint each epoch would cost more than a short epoch does; one every few seconds loses little.
    var saved = ContinuousClock.now
    let history = try trainer.run { _ in
      guard ContinuousClock.now - saved > .seconds(5) else { return }
      let state = try trainer.state()
      try Safetensors.write(state.tensors, metadata: state.metadata, to: statePath)
      saved = .now
    }
    try Safetensors.write(trainer.weights(), metadata: ["cell": cell.id, "seed": String(seed)], to: folder + "/checkpoint.safetensors")
    try AtomicFile.write(trainingLog(history), to: folder + "/train.csv")
    let embeddings = try trainer.embeddings(of: data.evaluated)
    return Vectors(
      vectors: try embeddings.floats(), dimension: embeddings.shape[1],
      similarity: try Similarity.named(config.evaluation.similarity),
      selectedEpoch: trainer.bestRecord?.epoch ?? 0)
  }

  private func settings(isTrainable: Bool) throws -> TrainerConfiguration {
    var settings = TrainerConfiguration()
    settings.epochs = isTrainable ? config.training.epochs : 0
    settings.batchSize = config.training.batchSize
    settings.learningRate = config.training.learningRate
    settings.patience = config.training.patience
    settings.groupSize = config.training.groupSize
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
      return "\(record.epoch),\(record.trainLoss),\(validation),\(record.seconds),\(record.isBest ? 1 : 0)"
    }
    return (["epoch,train_loss,validation_loss,seconds,best"] + rows).joined(separator: "\n") + "\n"
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
