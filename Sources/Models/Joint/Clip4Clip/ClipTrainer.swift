import Basics
import Foundation
import Tensors
import Weights

/// Clips and their texts to train on.
public struct ClipSource: Sendable {
  /// One batch: row i of both belongs together.
  public struct Batch: Sendable {
    public let frames: ClipFrames
    public let texts: ClipTexts
    /// What each pair is of: pairs of one group are never each other's negatives.
    public let groups: [Int]
    /// What a frozen encoder makes of each clip, `[N, K]`, rows of length 1 or zero; nil where nothing teaches.
    public let teacher: Tensor?
    /// Rows that are not here because they could not be read.
    public let skipped: SkippedRows

    public init(
      frames: ClipFrames, texts: ClipTexts, groups: [Int], teacher: Tensor? = nil,
      skipped: SkippedRows = SkippedRows()
    ) {
      (self.frames, self.texts, self.groups, self.teacher, self.skipped) = (frames, texts, groups, teacher, skipped)
    }

    func staged(for device: Device) throws -> Batch {
      let pixels = try frames.pixels.staged(for: device)
      return Batch(
        frames: ClipFrames(pixels, lengths: frames.lengths), texts: texts, groups: groups,
        teacher: try teacher?.staged(for: device), skipped: skipped)
    }
  }

  public let count: Int
  /// Length K of the teacher's vectors; nil where nothing teaches.
  public let teacherWidth: Int?
  /// Some rows; what is drawn (a caption, a part of a picture) depends on the seed alone. Called in the background.
  public let make: @Sendable (_ rows: [Int], _ seed: UInt64) throws -> Batch

  public init(
    count: Int, teacherWidth: Int? = nil,
    make: @escaping @Sendable (_ rows: [Int], _ seed: UInt64) throws -> Batch
  ) {
    (self.count, self.teacherWidth, self.make) = (count, teacherWidth, make)
  }
}

/// Trains a ``Clip4ClipNetwork`` by a ``ClipRecipe``, the best epoch by a score on validation data kept in memory.
///
/// Same seed and settings give the same bits; a run resumed from ``state()`` ends as the undisturbed one.
public final class ClipTrainer {
  public let recipe: ClipRecipe
  public let network: Clip4ClipNetwork
  public private(set) var history: [EpochRecord] = []
  private let source: ClipSource
  private let score: (Clip4ClipNetwork) throws -> Double
  private let device: Device
  private let optimizer: ClipOptimizer
  private let step: ClipStep
  private let distillation: ClipDistillation?
  private var best: [RawTensor] = []

  /// - Parameters:
  ///   - network: as initialised or loaded; changed in place.
  ///   - score: quality on validation data, larger is better; called after every epoch in evaluation mode.
  /// - Throws: ``IeumError``: usage for bad settings, data for a source with less than a batch of two.
  public init(
    network: Clip4ClipNetwork, source: ClipSource, recipe: ClipRecipe, device: Device = .cpu,
    score: @escaping (Clip4ClipNetwork) throws -> Double
  ) throws {
    try recipe.check()
    guard source.count > 1 || recipe.epochs == 0 else {
      throw IeumError(
        .data, "there are \(source.count) pair(s) to train on", place: "sources", remedy: "check the data; two are the least")
    }
    (self.recipe, self.network, self.source, self.score, self.device) = (recipe, network, source, score, device)
    network.isReduced = recipe.precision == .bf16
    try network.to(device)
    distillation = try Self.distillation(network, source, recipe)
    try distillation?.to(device)
    optimizer = try ClipOptimizer(network, recipe, distillation: distillation)
    step = ClipStep(
      network: network, microBatch: recipe.microBatch, checkpointing: recipe.checkpointing,
      distillation: distillation)
  }

  private static func distillation(
    _ network: Clip4ClipNetwork, _ source: ClipSource, _ recipe: ClipRecipe
  ) throws -> ClipDistillation? {
    guard recipe.distillation > 0 else { return nil }
    guard let teacher = source.teacherWidth else {
      throw IeumError(
        .usage, "nothing teaches the image tower", place: "training.distill",
        remedy: "name an encoder, or set its weight to 0")
    }
    var generator = SeededGenerator(seed: recipe.seed, purpose: "distillation")
    return try ClipDistillation(
      width: network.vision.config.dimension, teacher: teacher, weight: recipe.distillation, generator: &generator)
  }

  /// Steps of one epoch: whole batches; what is left over comes up in other epochs.
  public var stepsPerEpoch: Int { max(1, source.count / recipe.batchSize) }
  private var steps: Int { stepsPerEpoch * recipe.epochs }

  /// Trains the epochs that are left, then puts the best weights back.
  /// - Parameter onEpoch: called after every epoch; take ``state()`` there to be able to resume; throwing ends training.
  /// - Throws: ``IeumError`` (data) naming the epoch when a loss is not finite.
  @discardableResult
  public func run(onEpoch: (EpochRecord) throws -> Void = { _ in }) throws -> [EpochRecord] {
    while history.count < recipe.epochs, !hasStopped {
      let start = ContinuousClock.now
      let epoch = history.count + 1
      let (loss, waiting, skipped) = try trainEpoch(epoch)
      network.train(false)
      let score = try finite(self.score(network), epoch, "validation score")
      let isBest = bestRecord?.score.map { score > $0 } ?? true
      if isBest { best = try network.state() }
      let record = EpochRecord(
        epoch: epoch, trainLoss: loss, validationLoss: nil, seconds: (ContinuousClock.now - start) / .seconds(1),
        isBest: isBest, score: score,
        learningRate: recipe.learningRate * recipe.factor(at: epoch * stepsPerEpoch - 1, of: steps),
        waitingShare: waiting, skippedRows: skipped.count, skipped: skipped.reasons.isEmpty ? nil : skipped.reasons)
      history.append(record)
      try onEpoch(record)
    }
    if !best.isEmpty { try network.load(best, file: "training state") }
    network.train(false)
    return history
  }

  /// The epoch whose weights are the best so far.
  public var bestRecord: EpochRecord? { history.last { $0.isBest } }

  /// Whether the score has not risen for `patience` epochs.
  public var hasStopped: Bool {
    guard let patience = recipe.patience, let bestRecord else { return false }
    return history.count - bestRecord.epoch >= patience
  }

  /// The mean loss, the share of the time spent waiting for batches, and what could not be read.
  private func trainEpoch(_ epoch: Int) throws -> (loss: Double, waiting: Double, SkippedRows) {
    network.train(true)
    let (source, size, seed, device) = (source, recipe.batchSize, recipe.seed, device)
    var shuffle = SeededGenerator(seed: seed, purpose: "shuffle-\(epoch)")
    let order = (0..<source.count).shuffled(using: &shuffle)
    let batches = Prefetcher(count: stepsPerEpoch, workers: recipe.workers, depth: 2) { index in
      let rows = Array(order[index * size..<min(order.count, (index + 1) * size)])
      return try source.make(rows, SeededGenerator.child(seed, "batch-\(epoch)-\(index)")).staged(for: device)
    }
    var dropout = SeededGenerator(seed: seed, purpose: "dropout-\(epoch)")
    let start = ContinuousClock.now
    var (losses, done, skipped) = (LossSum(epoch: epoch, what: "loss"), 0, SkippedRows())
    for index in 0..<stepsPerEpoch {
      guard let batch = try batches.next() else { break }
      skipped.add(batch.skipped)
      // A pair alone has nothing to be told apart from.
      guard batch.groups.count > 1 else { continue }
      done += 1
      optimizer.zeroGrad()
      let loss = try step.gradients(
        batch.frames.moved(to: device), batch.texts, groups: batch.groups, teacher: batch.teacher,
        generator: &dropout)
      try losses.add(loss)
      try optimizer.step((epoch - 1) * stepsPerEpoch + index, of: steps)
      try network.clampScale()
    }
    let mean = try losses.mean()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    guard done > 0 else {
      throw IeumError(
        .data, "no batch is left: \(skipped.description)", place: "epoch \(epoch)", remedy: "see `ieum data check`")
    }
    return (mean, batches.waitedSeconds / max(seconds, 1e-9), skipped)
  }

  /// All that is needed to go on after the last finished epoch.
  public func state() throws -> TrainerState {
    let tensors =
      try network.state().map { $0.renamed("model." + $0.name) }
      + optimizer.state().map { $0.renamed("optimizer." + $0.name) } + best.map { $0.renamed("best." + $0.name) }
      + (distillation?.state() ?? []).map { $0.renamed("distillation." + $0.name) }
    return try TrainerState(tensors: tensors, progress: .init(fingerprint: recipe.fingerprint, history: history))
  }

  /// Goes back to a stored state.
  /// - Throws: ``IeumError`` (data) when it is damaged or belongs to other settings.
  public func restore(_ state: TrainerState) throws {
    let progress = try state.progress()
    guard progress.fingerprint == recipe.fingerprint else {
      throw IeumError(
        .data, "the training state was made with other settings", place: "metadata 'trainer'",
        remedy: "train again, or use those settings")
    }
    try network.load(state.part("model."), file: "training state")
    try optimizer.load(state.part("optimizer."))
    try distillation?.load(state.part("distillation."), file: "training state")
    best = state.part("best.")
    history = progress.history
  }
}

extension ClipFrames {
  func moved(to device: Device) throws -> ClipFrames { ClipFrames(try pixels.to(device), lengths: lengths) }
}
