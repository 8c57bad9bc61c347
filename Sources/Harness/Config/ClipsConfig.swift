import Basics
import Datasets
import Models

/// The settings of a cell that trains CLIP's towers on clips and texts end to end (`task: clips`), beside those that every
/// cell has.
public struct ClipsConfig: Sendable {
  /// Clips (or pictures, which count as clips of one frame) and texts to train on.
  public struct Source: Sendable {
    public let name: String
    public let dataset: CellConfig.DatasetChoice
    /// Languages of which a text is drawn; empty = the dataset's own.
    public let languages: [String]
    /// How often an item comes up in an epoch.
    public let repeats: Int
    /// The parts of the dataset that are trained on: the training split, or everything.
    public let splits: [Split]
  }

  /// A frozen image encoder that the image tower learns from, beside its pairs.
  public struct Distillation: Sendable {
    public let teacher: CellConfig.EncoderChoice
    /// Of its loss, beside that of the pairs.
    public let weight: Double
  }

  public let sources: [Source]
  public let image: CellConfig.EncoderChoice
  public let text: CellConfig.EncoderChoice
  /// Where the best epoch is chosen; nil = the evaluated dataset's validation split.
  public let validation: CellConfig.DatasetChoice?
  public let augmentation: ClipAugmentation
  /// nil = the pairs alone teach.
  public let distillation: Distillation?
  public let recipe: [String: Scalar]
  public let workers: Int
  /// Directions that are ranked; the first one's metrics carry no prefix.
  public let directions: [RankedDirection]
  /// What the best epoch is chosen by.
  public let select: String

  /// - Parameters:
  ///   - reader: the whole cell.
  ///   - training, evaluation: those sections; the keys that every cell has are read by the caller.
  init(
    _ reader: ConfigReader, training: ConfigReader, evaluation: ConfigReader, dataset: CellConfig.DatasetChoice
  ) {
    sources = Self.sources(reader, dataset)
    let device = CellConfig.device(training)
    image = CellConfig.encoder(reader.section("image"), weights: "random", on: device)
    text = CellConfig.encoder(reader.section("text"), weights: "random", on: device)
    validation = reader.tree("validation") == nil ? nil : CellConfig.dataset(reader.section("validation"))
    augmentation = Self.augmentation(training)
    distillation = Self.distillation(training)
    recipe = training.parameters("recipe")
    workers = training.int("workers", default: 1, in: 0...256)
    directions = TowersConfig.directions(evaluation)
    select = evaluation.string("select", default: "MRR")
  }

  private static func augmentation(_ training: ConfigReader) -> ClipAugmentation {
    guard case .map? = training.tree("augment") else {
      return training.bool("augment", default: false) ? ClipAugmentation(crop: 0.6) : ClipAugmentation()
    }
    let section = training.section("augment")
    defer { section.finish() }
    return ClipAugmentation(
      crop: section.double("crop", default: 1, in: 0.01...1), colour: section.double("colour", default: 0, in: 0...1),
      words: section.double("words", default: 0, in: 0...0.9))
  }

  private static func distillation(_ training: ConfigReader) -> Distillation? {
    guard training.tree("distill") != nil else { return nil }
    let section = training.section("distill")
    let weight = section.double("weight", default: 1, in: 0...1_000)
    let teacher = CellConfig.encoder(section, weights: "random", on: CellConfig.device(training))
    if teacher.train { section.problem("train", "'training.distill' names a frozen encoder: leave 'train' out") }
    if teacher.weights == "random" {
      section.problem(
        "weights", "'training.distill' needs 'weights': an encoder of random weights has nothing to teach")
    }
    return weight > 0 ? Distillation(teacher: teacher, weight: weight) : nil
  }

  private static func sources(_ reader: ConfigReader, _ dataset: CellConfig.DatasetChoice) -> [Source] {
    guard case .map(let entries, _)? = reader.tree("sources"), !entries.isEmpty else {
      return [Source(name: dataset.name, dataset: dataset, languages: [], repeats: 1, splits: [.train])]
    }
    let all = reader.section("sources")
    return entries.map { entry in
      let section = all.section(entry.key)
      defer { section.finish() }
      return Source(
        name: entry.key,
        dataset: section.tree("dataset") == nil ? dataset : CellConfig.dataset(section.section("dataset")),
        languages: section.strings("languages", default: []),
        repeats: section.int("repeat", default: 1, in: 1...1_000),
        splits: CellConfig.splits(section))
    }
  }
}
