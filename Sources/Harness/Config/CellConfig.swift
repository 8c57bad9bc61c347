import Basics
import Datasets
import Tensors

/// Everything one cell of a sweep depends on, decoded and checked.
public struct CellConfig: Sendable {
  public struct DatasetChoice: Sendable {
    public let name: String
    public let root: String?
    public let language: String
    public let options: [String: Scalar]
  }

  /// One side's encoder: its registered name, its weights and whether it is trained with the joint model.
  public struct EncoderChoice: Sendable {
    public let encoder: String
    /// A name of the weight catalogue, a file, or `random`.
    public let weights: String
    /// Seed of random weights.
    public let seed: Int
    /// Whether it learns with the joint model, starting from the weights; `rnn`, `lstm` and `gru` always do.
    public let train: Bool
    /// Arithmetic of a frozen encoder; a learning one goes by ``Training/precision``.
    public var precision = InferencePrecision.f32
    /// Where a frozen one computes: ``Training/device``.
    public var device = Device.cpu
    public let parameters: [String: Scalar]
  }

  public struct ModelChoice: Sendable {
    public let name: String
    public let parameters: [String: Scalar]
  }

  public struct LossChoice: Sendable {
    public let name: String
    /// How triplets are chosen; nil = as the loss prescribes.
    public let mining: String?
    public let parameters: [String: Scalar]
  }

  public struct Training: Sendable {
    public let epochs: Int
    public let batchSize: Int
    public let learningRate: Double
    /// Of encoders that learn with the model; nil = the same.
    public let encoderLearningRate: Double?
    /// Epochs without a better validation loss before training stops.
    public let patience: Int
    /// Items that a batch draws together because they are relevant to each other.
    public let groupSize: Int
    public let precision: String
    public let threads: Int
    /// Background threads that decode the pictures and sounds of the next batches.
    public let workers: Int
    /// Where it trains, embeds and extracts the features of its frozen encoders.
    public let device: Device
  }

  public struct Evaluation: Sendable {
    public let metrics: [String]
    public let similarity: String
    public let ties: String
    public let split: String
    /// The protocol that decides on galleries and directions; nil = one gallery, the directions as given.
    public let retrievalProtocol: RetrievalProtocol?
  }

  public let dataset: DatasetChoice
  public let text: EncoderChoice
  public let image: EncoderChoice
  public let model: ModelChoice
  public let loss: LossChoice
  public let training: Training
  public let evaluation: Evaluation
  /// The further settings of a cell whose modalities meet in one space; nil for item-to-item retrieval.
  public let towers: TowersConfig?
  /// The further settings of a cell that trains CLIP's towers end to end.
  public let clips: ClipsConfig?
  /// What is ranked, of cells that rank in several directions.
  public var directions: [RankedDirection]? { towers?.directions ?? clips?.directions }
  /// What the cell asks of a cluster; its numbers do not depend on it.
  public let resources: CellResources
  public let seeds: [Int]
  /// Footnotes a table prints for this cell.
  public let notes: [String]
  /// The resolved settings as written, for provenance and digests.
  public let tree: ConfigTree

  /// - Throws: ``IeumError`` (usage) listing every problem with file and line.
  public init(_ tree: ConfigTree) throws {
    let problems = ConfigProblems()
    let reader = ConfigReader(tree, path: "", problems: problems)
    dataset = CellConfig.dataset(reader.section("dataset"))
    model = CellConfig.model(reader.section("model"))
    loss = CellConfig.loss(reader.section("loss"))
    let (training, evaluation) = (reader.section("training"), reader.section("evaluation"))
    switch reader.choice("task", ["items", "towers", "clips"], default: "items") {
    case "towers":
      let towers = TowersConfig(reader, training: training, evaluation: evaluation, dataset: dataset)
      (text, image) = (towers.encoder(.text), towers.encoder(.image))
      (self.towers, clips) = (towers, nil)
    case "clips":
      let clips = ClipsConfig(reader, training: training, evaluation: evaluation, dataset: dataset)
      (text, image) = (clips.text, clips.image)
      (towers, self.clips) = (nil, clips)
    default:
      let device = CellConfig.device(training)
      text = CellConfig.encoder(reader.section("text"), weights: "random", on: device)
      image = CellConfig.encoder(reader.section("image"), weights: "random", on: device)
      (towers, clips) = (nil, nil)
      if evaluation.has("protocol") {
        evaluation.problem("protocol", "'evaluation.protocol' is for cells with `task: towers` or `task: clips`")
      }
    }
    self.training = CellConfig.training(training)
    self.evaluation = CellConfig.evaluation(evaluation)
    resources = CellResources(reader.section("resources"))
    seeds = reader.ints("seeds", default: [1])
    notes = reader.strings("notes", default: [])
    if seeds.isEmpty { reader.problem("seeds", "'seeds' is empty; give at least one") }
    if Set(seeds).count != seeds.count { reader.problem("seeds", "'seeds' repeats a seed") }
    reader.finish()
    try problems.check()
    self.tree = tree
  }

  static func dataset(_ reader: ConfigReader) -> DatasetChoice {
    defer { reader.finish() }
    return DatasetChoice(
      name: reader.string("name"), root: reader.optionalString("root"),
      language: reader.string("language", default: "en"), options: reader.parameters("options"))
  }

  /// Which parts of a source are trained on: `items: all` takes validation and test items too, for a dataset that nothing
  /// is measured on.
  static func splits(_ source: ConfigReader) -> [Split] {
    source.choice("items", ["train", "all"], default: "train") == "all" ? Split.allCases : [.train]
  }

  /// - Parameter training: that section.
  static func device(_ training: ConfigReader) -> Device {
    let name = training.string("device", default: "cpu")
    if let device = Device(name) { return device }
    training.problem("device", "'training.device' is '\(name)'; write cpu, cuda or cuda:N")
    return .cpu
  }

  static func encoder(_ reader: ConfigReader, weights: String, on device: Device) -> EncoderChoice {
    defer { reader.finish() }
    let train = reader.bool("train", default: false)
    let precision = reader.choice("precision", InferencePrecision.allCases.map(\.rawValue), default: "f32")
    if train, precision != "f32" {
      reader.problem("precision", "'precision' is for frozen encoders; set 'training.precision' for one that learns")
    }
    return EncoderChoice(
      encoder: reader.string("encoder"), weights: reader.string("weights", default: weights),
      seed: reader.int("seed", default: 0, in: 0...Int.max), train: train,
      precision: InferencePrecision(rawValue: precision) ?? .f32, device: device,
      parameters: reader.parameters("parameters"))
  }

  private static func model(_ reader: ConfigReader) -> ModelChoice {
    defer { reader.finish() }
    return ModelChoice(
      name: reader.string("name", default: "text-image"), parameters: reader.parameters("parameters"))
  }

  private static func loss(_ reader: ConfigReader) -> LossChoice {
    defer { reader.finish() }
    return LossChoice(
      name: reader.string("name", default: "swish-triplet"),
      mining: reader.optionalChoice("mining", ["all", "random", "hard", "semi-hard"]),
      parameters: reader.parameters("parameters"))
  }

  private static func training(_ reader: ConfigReader) -> Training {
    defer { reader.finish() }
    return Training(
      epochs: reader.int("epochs", default: 200, in: 1...100_000),
      batchSize: reader.int("batchSize", default: 512, in: 2...1_000_000),
      learningRate: reader.double("learningRate", default: 0.0003, in: 1e-12...10),
      encoderLearningRate: reader.optionalDouble("encoderLearningRate", in: 1e-12...10),
      patience: reader.int("patience", default: 20, in: 1...100_000),
      groupSize: reader.int("groupSize", default: 4, in: 2...100_000),
      precision: reader.choice("precision", ["f32", "bf16"], default: "f32"),
      threads: reader.int("threads", default: 1, in: 1...1024),
      workers: reader.int("workers", default: 1, in: 0...256), device: device(reader))
  }

  private static func evaluation(_ reader: ConfigReader) -> Evaluation {
    defer { reader.finish() }
    return Evaluation(
      metrics: reader.strings("metrics", default: ["cappedR@1", "cappedR@10", "cappedR@20", "MedR"]),
      similarity: reader.choice("similarity", ["cosine", "dot", "euclidean"], default: "cosine"),
      ties: reader.choice("ties", ["expected", "optimistic", "pessimistic"], default: "expected"),
      split: reader.choice("split", ["test", "validation"], default: "test"),
      // Whether it is known is said where the directions are read.
      retrievalProtocol: reader.optionalString("protocol").flatMap { RetrievalProtocol(rawValue: $0) })
  }
}
