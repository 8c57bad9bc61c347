import Basics
import Models
import Tensors

/// Measures training from batches in memory to updated weights, by the trainers that experiments use.
public final class TrainingBench {
  /// What is trained.
  public enum Work: String, CaseIterable, Sendable {
    /// Two towers as in VSE++: stored picture features, a GRU over 20 words, 128 pairs, max-hinge.
    case dualEncoder = "dual-encoder"
    /// ResNet-18 from pixels of 224 × 224 against stored text features, 32 pairs, max-hinge.
    case resnet18
    /// The text-image network of hong2022, table 6, at full size: 768 + 2,048 features, swish triplets.
    case textImage = "text-image"
    /// Both towers of CLIP's ViT-B/32 end to end, as CLIP4Clip trains them: 128 clips and texts.
    case clip

    /// Items of a batch.
    public var batch: Int {
      switch self {
      case .dualEncoder, .clip: 128
      case .resnet18: 32
      case .textImage: 512
      }
    }

    /// Batches between two looks at the clock.
    fileprivate var steps: Int { self == .dualEncoder ? 4 : 1 }
  }

  private let items: Int
  private let epoch: () throws -> Void

  /// - Parameters:
  ///   - batch: items of a batch; nil = the work's own.
  ///   - warm: train one epoch first, untimed.
  ///   - clips: of the work ``Work/clip``.
  /// - Throws: ``IeumError`` (usage) for a batch of fewer than 2 items.
  public init(
    _ work: Work, precision: TrainerConfiguration.Precision, device: Device = .cpu, batch: Int? = nil, warm: Bool = true,
    clips: ClipLoad = ClipLoad()
  ) throws {
    let batch = batch ?? work.batch
    items = batch * work.steps
    switch work {
    case .dualEncoder: epoch = try Self.dualEncoder(items: items, batch: batch, precision, device)
    case .resnet18: epoch = try Self.resnet(items: items, batch: batch, precision, device)
    case .textImage: epoch = try Self.textImage(items: items, batch: batch, precision, device)
    case .clip: epoch = try Self.clip(batch: batch, clips, precision, device)
    }
    if warm { try epoch() }
  }

  /// Items are pairs, or the items of a joint model.
  public func sample(seconds: Double) throws -> Sample {
    try Sample.of(seconds) {
      try epoch()
      return items
    }
  }

  /// Where the time goes, stage by stage and operator by operator.
  public func profile(seconds: Double) throws -> StageProfile {
    var timed: (sample: Sample, stages: [Stage])?
    let operators = try TensorRuntime.operators {
      let (sample, stages) = try Stages.during { try self.sample(seconds: seconds) }
      timed = (sample, stages)
    }
    guard let timed else { throw IeumError(.system, "nothing was timed") }
    return StageProfile(timed.sample, timed.stages, operators: operators.sorted { $0.seconds > $1.seconds })
  }

  private static func dualEncoder(
    items: Int, batch: Int, _ precision: TrainerConfiguration.Precision, _ device: Device
  ) throws -> () throws -> Void {
    var generator = SeededGenerator(seed: 1)
    let text = try RecurrentText(kind: .gru, vocabularySize: 10_000, embedding: 300, hidden: 1024, generator: &generator)
    let words = try Tensor((0..<items * 20).map { Int64(1 + ($0 &* 7919) % 9_999) }, shape: [items, 20])
    let pictures = try Tensor.normal([items, 2048], generator: &generator)
    return try pairs(
      TextTrunk(text), words, StoredTrunk(dimension: 2048), pictures, batch: batch, precision, device, &generator)
  }

  private static func resnet(
    items: Int, batch: Int, _ precision: TrainerConfiguration.Precision, _ device: Device
  ) throws -> () throws -> Void {
    var generator = SeededGenerator(seed: 1)
    let spec = try ImageEncoderRegistry.named("resnet18")
    let network = ImageTrunk(try spec.make(&generator), dimension: spec.dimension)
    let side = spec.preprocessing.crop
    let pixels = try Tensor.normal([items, 3, side, side], generator: &generator)
    let texts = try Tensor.normal([items, 768], generator: &generator)
    return try pairs(StoredTrunk(dimension: 768), texts, network, pixels, batch: batch, precision, device, &generator)
  }

  private static func pairs(
    _ text: any Trunk, _ texts: Tensor, _ image: any Trunk, _ images: Tensor, batch: Int,
    _ precision: TrainerConfiguration.Precision, _ device: Device, _ generator: inout SeededGenerator
  ) throws -> () throws -> Void {
    let network = try TowerModelRegistry.named("dual-encoder").make(
      trunks: [.text: text, .image: image], generator: &generator)
    var settings = PairTrainerConfiguration()
    (settings.epochs, settings.batchSize, settings.learningRate) = (.max, batch, 2e-4)
    (settings.loss, settings.precision) = ("max-hinge", precision)
    let source = PairSource(name: "pairs", first: .image, second: .text, count: texts.shape[0]) { rows, _ in
      let index = try Tensor(rows.map { Int64($0) }, shape: [rows.count])
      return PairBatch(
        first: TowerInput(try images.indexSelect(dim: 0, index)), second: TowerInput(try texts.indexSelect(dim: 0, index)),
        groups: rows)
    }
    return RepeatedEpoch.of(
      try PairTrainer(network: network, sources: [source], configuration: settings, device: device) { _ in 0 })
  }

  private static func textImage(
    items: Int, batch: Int, _ precision: TrainerConfiguration.Precision, _ device: Device
  ) throws -> () throws -> Void {
    var generator = SeededGenerator(seed: 1)
    let (text, image) = (768, 2048)
    // Partners side by side, so that a batch of the balanced sampler is full.
    let train = try JointSplit(
      text: .normal([items, text], generator: &generator), image: .normal([items, image], generator: &generator),
      relevant: (0..<items).map { [min($0 ^ 1, items - 1)] }, name: "train")
    var settings = TrainerConfiguration()
    (settings.batchSize, settings.groupSize) = (batch, 2)
    (settings.positivesPerAnchor, settings.precision) = (1, precision)
    let model = try JointModelRegistry.named("text-image").make(
      inputs: .init(text: text, image: image), generator: &generator)
    return try RepeatedEpoch.of(model, train: train, settings: settings, device: device)
  }
}
