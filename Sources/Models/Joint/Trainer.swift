import Basics
import Tensors
import Weights

/// Trains a joint model on items and their relevance (hong2022, item to item): Adam, balanced batches, the
/// validation loss after every epoch, early stopping, the best weights kept in memory.
///
/// Same seed and settings give the same bits; a run resumed from ``state()`` ends as the undisturbed one.
public final class JointTrainer {
  public let configuration: TrainerConfiguration
  public private(set) var history: [EpochRecord] = []
  private let parts: TrainedParts
  private let train: JointSplit
  private let validation: JointSplit
  private let device: Device
  private let loss: BatchLoss
  private let sampler: BalancedSampler
  private let optimizers: [(name: String, optimizer: Adam)]
  private var best: [RawTensor] = []

  /// - Parameters:
  ///   - model: as initialised; its parameters are changed in place.
  ///   - text: the text network when it is trained too; the splits then hold its inputs, such as word ids.
  ///   - image: likewise.
  /// - Throws: ``IeumError`` (usage) for bad settings, (data) when no training item has a relevant partner.
  public init(
    model: any JointModel, text: TrainableEncoder? = nil, image: TrainableEncoder? = nil, train: JointSplit,
    validation: JointSplit,
    configuration: TrainerConfiguration, device: Device = .cpu
  ) throws {
    try configuration.check()
    guard configuration.epochs == 0 || train.hasPositives else {
      throw IeumError(
        .data, "no training item has a relevant partner in its split", place: "split 'train'",
        remedy: "check the labels or the related ids")
    }
    self.configuration = configuration
    self.train = train
    self.validation = validation
    self.device = device
    loss = try LossRegistry.named(configuration.loss).trainingLoss(
      configuration.lossParameters, mining: configuration.mining,
      positivesPerAnchor: configuration.positivesPerAnchor)
    parts = TrainedParts(model: model, text: text, image: image, learned: loss.function.learned)
    sampler = BalancedSampler(batchSize: configuration.batchSize, groupSize: configuration.groupSize)
    model.computeType = configuration.precision == .bf16 ? .bfloat16 : .float32
    try parts.move(to: device)
    optimizers = try JointTrainer.optimizers(parts, configuration)
  }

  /// One Adam for all, or one of their own for the encoders, which pretrained weights need: a rate that teaches a fresh
  /// model wipes them out.
  private static func optimizers(
    _ parts: TrainedParts, _ configuration: TrainerConfiguration
  ) throws -> [(name: String, optimizer: Adam)] {
    let rate = configuration.learningRate
    guard let encoderRate = configuration.encoderLearningRate, !parts.encoderParameters.isEmpty else {
      return [("optimizer.", try Adam(parts.modelParameters + parts.encoderParameters, learningRate: rate))]
    }
    return [
      ("optimizer.", try Adam(parts.modelParameters, learningRate: rate)),
      ("encoderOptimizer.", try Adam(parts.encoderParameters, learningRate: encoderRate)),
    ]
  }

  /// Trains the epochs that are left, then puts the best weights back.
  /// - Parameter onEpoch: called after every epoch; take ``state()`` there to be able to resume; throwing
  ///   ends training.
  /// - Returns: all finished epochs, those before a resume included.
  /// - Throws: ``IeumError`` (data) naming the epoch when a loss is not finite.
  @discardableResult
  public func run(onEpoch: (EpochRecord) throws -> Void = { _ in }) throws -> [EpochRecord] {
    let clock = ContinuousClock()
    while history.count < configuration.epochs, !hasStopped {
      let epoch = history.count + 1
      let start = clock.now
      let (trainLoss, waiting) = try trainEpoch(epoch)
      let validationLoss = try validate(epoch)
      let isBest = validationLoss.map { loss in bestRecord?.validationLoss.map { loss < $0 } ?? true } ?? true
      if isBest { best = try parts.state() }
      let seconds = (clock.now - start) / .seconds(1)
      history.append(
        EpochRecord(
          epoch: epoch, trainLoss: trainLoss, validationLoss: validationLoss, seconds: seconds, isBest: isBest,
          waitingShare: waiting))
      if let record = history.last { try onEpoch(record) }
    }
    if !best.isEmpty { try parts.load(best) }
    parts.train(false)
    return history
  }

  /// The epoch whose weights are the best so far; without a validation loss the last one.
  public var bestRecord: EpochRecord? { history.last { $0.isBest } }

  /// Whether the validation loss has not improved for `patience` epochs.
  public var hasStopped: Bool {
    guard let patience = configuration.patience, let bestRecord else { return false }
    return history.count - bestRecord.epoch >= patience
  }

  /// Embeddings `[N, D]` of all items of a split, as unit float32 rows, in evaluation mode and in pieces of
  /// a batch.
  public func embeddings(of split: JointSplit) throws -> Tensor {
    parts.train(false)
    var generator = SeededGenerator(seed: configuration.seed, purpose: "embed")
    return try noGrad {
      let rows = stride(from: 0, to: split.count, by: configuration.batchSize).map { start in
        Array(start..<min(start + configuration.batchSize, split.count))
      }
      let batches = batches(split, rows)
      var pieces: [Tensor] = []
      while let batch = try batches.next() {
        pieces.append(try parts.embed(batch, on: device, generator: &generator))
      }
      return try Tensor.cat(pieces, dim: 0)
    }
  }

  /// The weights of the trained parts, named `model.…` and `text.…`: after ``run(onEpoch:)`` the best ones.
  public func weights() throws -> [RawTensor] { try parts.state() }

  /// All that is needed to go on after the last finished epoch.
  public func state() throws -> TrainerState {
    let tensors =
      try parts.state()
      + optimizers.flatMap { name, optimizer in try optimizer.state().map { $0.renamed(name + $0.name) } }
      + best.map { $0.renamed("best." + $0.name) }
    return try TrainerState(
      tensors: tensors, progress: .init(fingerprint: configuration.fingerprint, history: history))
  }

  /// Goes back to a stored state.
  /// - Throws: ``IeumError`` (data) when it is damaged or belongs to other settings.
  public func restore(_ state: TrainerState) throws {
    let progress = try state.progress()
    guard progress.fingerprint == configuration.fingerprint else {
      throw IeumError(
        .data, "the training state was made with other settings (\(progress.fingerprint))",
        place: "metadata 'trainer'",
        remedy: "train again, or use those settings")
    }
    try parts.load(state.tensors)
    for (name, optimizer) in optimizers { try optimizer.load(state.part(name), file: "training state") }
    best = state.part("best.")
    history = progress.history
  }

  private func generator(_ purpose: String) -> SeededGenerator {
    SeededGenerator(seed: configuration.seed, purpose: purpose)
  }

  /// Batches of a split in their order, prepared in the background where that takes work.
  private func batches(_ split: JointSplit, _ rows: [[Int]]) -> Prefetcher<JointBatch> {
    let prepare = parts.preparation
    let (workers, device) = (parts.preparesBatches || device != .cpu ? configuration.workers : 0, device)
    return Prefetcher(count: rows.count, workers: workers, depth: max(1, workers)) {
      try prepare(split, rows[$0]).staged(for: device)
    }
  }

  /// The mean loss, and the share of the time spent waiting for batches.
  private func trainEpoch(_ epoch: Int) throws -> (loss: Double, waiting: Double) {
    parts.train(true)
    var (shuffle, mining) = (generator("shuffle-\(epoch)"), generator("mining-\(epoch)"))
    var dropout = generator("dropout-\(epoch)")
    var losses = LossSum(epoch: epoch, what: "training loss")
    let plan = sampler.batches(relevant: train.relevant, generator: &shuffle)
    let batches = batches(train, plan)
    let start = ContinuousClock.now
    for rows in plan {
      guard let batch = try Stages.time("batch", { try batches.next() }) else { break }
      for (_, optimizer) in optimizers { optimizer.zeroGrad() }
      let embeddings = try Stages.time("forward") { try parts.embed(batch, on: device, generator: &dropout) }
      let value = try Stages.time("loss") {
        let value = try loss(embeddings, relevance: train.relevance(of: rows), generator: &mining)
        try losses.add(value, weight: rows.count)
        return value
      }
      try Stages.time("backward") { try value.backward() }
      try Stages.time("optimiser") { for (_, optimizer) in optimizers { try optimizer.step() } }
      for value in parts.learned { try value.clamp() }
    }
    let mean = try losses.mean()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    return (mean, batches.waitedSeconds / max(seconds, 1e-9))
  }

  /// The loss on the validation split, with the same batches and draws at every epoch. Nil without a pair.
  private func validate(_ epoch: Int) throws -> Double? {
    guard validation.hasPositives else { return nil }
    parts.train(false)
    var (shuffle, mining, unused) = (
      generator("validation"), generator("validation-mining"), generator("unused")
    )
    var losses = LossSum(epoch: epoch, what: "validation loss")
    try noGrad {
      let plan = sampler.batches(relevant: validation.relevant, generator: &shuffle)
      let batches = batches(validation, plan)
      for rows in plan {
        guard let batch = try batches.next() else { break }
        let embeddings = try parts.embed(batch, on: device, generator: &unused)
        let value = try loss(embeddings, relevance: validation.relevance(of: rows), generator: &mining)
        try losses.add(value, weight: rows.count)
      }
    }
    return try losses.mean()
  }
}
