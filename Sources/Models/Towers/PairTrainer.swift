import Basics
import Tensors
import Weights

/// Trains towers on pairs from one or several sources, whose batches take turns: Adam, a schedule of the learning rate, the
/// best epoch by a score on validation data kept in memory. Batches are prepared in the background.
///
/// Same seed and settings give the same bits; a run resumed from ``state()`` ends as the undisturbed one, memory queues
/// included.
/// - Source: half2020, section 3 (several sources, the schedule, best on validation).
public final class PairTrainer {
  public let configuration: PairTrainerConfiguration
  public let network: TowerNetwork
  public private(set) var history: [EpochRecord] = []
  private let sources: [PairSource]
  private let score: (TowerNetwork) throws -> Double
  private let device: Device
  private let step: PairStep
  private let optimizer: Adam
  private let trained: [Tensor]
  private var best: [RawTensor] = []

  /// - Parameters:
  ///   - network: as initialised; changed in place. Parameters that want no gradients stay as they are.
  ///   - score: quality on validation data, larger is better; called after every epoch in evaluation mode.
  /// - Throws: ``IeumError`` (usage) for bad settings or a loss that does not read pairs, (data) for an empty source.
  public init(
    network: TowerNetwork, sources: [PairSource], configuration: PairTrainerConfiguration, device: Device = .cpu,
    score: @escaping (TowerNetwork) throws -> Double
  ) throws {
    try configuration.check()
    if let empty = sources.first(where: { $0.count < 2 }) {
      throw IeumError(
        .data, "the source '\(empty.name)' has \(empty.count) pair(s) to train on", place: "sources",
        remedy: "check its data; two are the least")
    }
    guard !sources.isEmpty else {
      throw IeumError(.usage, "there is nothing to train on", place: "sources", remedy: "name a source of pairs")
    }
    self.configuration = configuration
    self.network = network
    self.sources = sources
    self.score = score
    self.device = device
    network.computeType = configuration.precision == .bf16 ? .bfloat16 : .float32
    try network.to(device)
    step = try PairStep(configuration, sources: sources.count)
    try step.loss.learned.move(to: device)
    trained = network.parameters().filter(\.requiresGrad) + step.loss.learned.map(\.tensor)
    optimizer = try Adam(trained, learningRate: configuration.learningRate)
  }

  /// Trains the epochs that are left, then puts the best weights back.
  /// - Parameter onEpoch: called after every epoch; take ``state()`` there to be able to resume; throwing ends training.
  /// - Throws: ``IeumError`` (data) naming the epoch when a loss is not finite.
  @discardableResult
  public func run(onEpoch: (EpochRecord) throws -> Void = { _ in }) throws -> [EpochRecord] {
    while history.count < configuration.epochs, !hasStopped {
      let start = ContinuousClock.now
      let epoch = history.count + 1
      optimizer.learningRate = configuration.learningRate * configuration.schedule.factor(at: epoch - 1)
      let (losses, waiting, skipped) = try trainEpoch(epoch)
      network.train(false)
      let score = try finite(self.score(network), epoch, "validation score")
      let isBest = bestRecord?.score.map { score > $0 } ?? true
      if isBest { best = try parts() }
      let total = losses.values.reduce(0, +)
      let record = EpochRecord(
        epoch: epoch, trainLoss: total, validationLoss: nil,
        seconds: (ContinuousClock.now - start) / .seconds(1), isBest: isBest, score: score, losses: losses,
        learningRate: optimizer.learningRate, waitingShare: waiting, skippedRows: skipped.count,
        skipped: skipped.reasons.isEmpty ? nil : skipped.reasons)
      history.append(record)
      try onEpoch(record)
    }
    if !best.isEmpty { try load(best) }
    network.train(false)
    return history
  }

  /// The epoch whose weights are the best so far.
  public var bestRecord: EpochRecord? { history.last { $0.isBest } }

  /// Whether the score has not risen for `patience` epochs.
  public var hasStopped: Bool {
    guard let patience = configuration.patience, let bestRecord else { return false }
    return history.count - bestRecord.epoch >= patience
  }

  /// Mean loss of each source, the share of the time spent waiting for batches, and what could not be read.
  private func trainEpoch(_ epoch: Int) throws -> ([String: Double], waiting: Double, SkippedRows) {
    network.train(true)
    let plan = PairPlan(
      counts: sources.map(\.count), batchSize: configuration.batchSize, seed: configuration.seed, epoch: epoch)
    let (sources, steps, device) = (self.sources, plan.steps, self.device)
    let batches = Prefetcher(
      count: steps.count, workers: configuration.workers, depth: configuration.prefetch
    ) { index in
      try sources[steps[index].source].make(steps[index].rows, steps[index].seed).staged(for: device)
    }
    var dropout = SeededGenerator(seed: configuration.seed, purpose: "dropout-\(epoch)")
    var sums = sources.map { (losses: LossSum(epoch: epoch, what: "loss on '\($0.name)'"), batches: 0) }
    var skipped = SkippedRows()
    let start = ContinuousClock.now
    for planned in steps {
      guard let batch = try Stages.time("batch", { try batches.next() }) else { break }
      skipped.add(batch.skipped)
      // A pair alone has nothing to be told apart from.
      guard batch.groups.count > 1 else { continue }
      let source = sources[planned.source]
      optimizer.zeroGrad()
      let first = try Stages.time("forward, \(source.first)") {
        try network.embed(source.first, batch.first.moved(to: device), generator: &dropout)
      }
      let second = try Stages.time("forward, \(source.second)") {
        try network.embed(source.second, batch.second.moved(to: device), generator: &dropout)
      }
      let value = try Stages.time("loss") {
        let value = try step.value(first, second, batch.groups, source: planned.source)
        try sums[planned.source].losses.add(value)
        return value
      }
      sums[planned.source].batches += 1
      try Stages.time("backward") { try value.backward() }
      if let norm = configuration.clipNorm { try clipGradients(trained, maxNorm: norm) }
      try Stages.time("optimiser") { try optimizer.step() }
      for value in step.loss.learned { try value.clamp() }
    }
    let means = try sums.indices.map { (sources[$0].name, try sums[$0].losses.mean()) }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    // A source that has vanished would leave another training than the one that was asked for.
    if let empty = sums.firstIndex(where: { $0.batches == 0 }) {
      throw IeumError(
        .data, "no batch of the source '\(sources[empty].name)' is left: \(skipped.description)",
        place: "epoch \(epoch)", remedy: "see `ieum data check`")
    }
    return (Dictionary(means, uniquingKeysWith: +), batches.waitedSeconds / max(seconds, 1e-9), skipped)
  }
}

extension PairTrainer {
  /// The network's weights, named `model.…`, and what the loss learns, `loss.…`; after ``run(onEpoch:)`` the best ones.
  public func weights() throws -> [RawTensor] { try parts() }

  private func parts() throws -> [RawTensor] {
    try network.state().map { $0.renamed("model." + $0.name) } + step.loss.learned.state()
  }

  private func load(_ tensors: [RawTensor]) throws {
    let state = TrainerState(tensors: tensors, metadata: [:])
    try network.load(state.part("model."), file: "training state")
    try step.loss.learned.load(state.part("loss."))
  }

  /// All that is needed to go on after the last finished epoch.
  public func state() throws -> TrainerState {
    let tensors =
      try parts() + optimizer.state().map { $0.renamed("optimizer." + $0.name) }
      + best.map { $0.renamed("best." + $0.name) } + step.queueState()
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
        place: "metadata 'trainer'", remedy: "train again, or use those settings")
    }
    try load(state.tensors.filter { $0.name.hasPrefix("model.") || $0.name.hasPrefix("loss.") })
    try optimizer.load(state.part("optimizer."), file: "training state")
    try step.loadQueues(state.tensors, on: device)
    best = state.part("best.")
    history = progress.history
  }
}

/// The loss of one batch of pairs, with the memory queue of its source.
struct PairStep {
  let loss: LossFunction
  private let input: LossSpec.Input
  private let queues: [MemoryQueue]

  init(_ configuration: PairTrainerConfiguration, sources: Int) throws {
    let spec = try LossRegistry.named(configuration.loss)
    guard spec.input == .pairs || spec.input == .bags || spec.input == .modalities else {
      throw IeumError(
        .usage, "the loss '\(spec.name)' reads \(spec.input.rawValue), not pairs of a batch", place: "loss",
        remedy: "use an in-batch loss such as sum-hinge, max-hinge, info-nce or four-term")
    }
    guard configuration.queueSize == 0 || spec.readsQueue else {
      throw IeumError(
        .usage, "the loss '\(spec.name)' reads no memory queue", place: "training.queueSize",
        remedy: "set it to 0, or use sum-hinge, max-hinge, variable-margin, four-term or info-nce")
    }
    loss = try spec.loss(configuration.lossParameters)
    input = spec.input
    queues = (0..<sources).map { _ in MemoryQueue(capacity: configuration.queueSize) }
  }

  /// The memory queues, named `queue.SOURCE.…`.
  func queueState() throws -> [RawTensor] {
    try queues.enumerated().flatMap { try $1.state(prefix: Self.name($0)) }
  }

  func loadQueues(_ tensors: [RawTensor], on device: Device) throws {
    for (source, queue) in queues.enumerated() { try queue.load(tensors, prefix: Self.name(source), on: device) }
  }

  private static func name(_ source: Int) -> String { "queue.\(source)." }

  /// The loss of first rows `[N, D]` and second rows `[N·K, D]`, K > 1 for losses on bags only.
  func value(_ first: Tensor, _ second: Tensor, _ groups: [Int], source: Int) throws -> Tensor {
    let mask = NegativeMask.otherGroups(groups)
    if input == .bags { return try loss(.bags(anchors: first, candidates: second, negatives: mask)) }
    let queue = queues[source]
    let value = try loss(
      .pairs(anchors: first, positives: second, negatives: mask, queue: queue.pairs(for: groups)))
    try queue.push(anchors: first, positives: second, groups: groups)
    return value
  }
}
