import Basics
import Datasets
import Models

/// The settings of a cell whose modalities meet in one space (`task: towers`), beside those that every cell has.
public struct TowersConfig: Sendable {
  /// Pairs to train on.
  public struct Source: Sendable {
    public let name: String
    public let dataset: CellConfig.DatasetChoice
    public let first: Modality
    public let second: Modality
    /// The parts of the dataset that are trained on: the training split, or everything.
    public let splits: [Split]
  }

  public let sources: [Source]
  /// Frames and windows are among the encoders' parameters.
  public let towers: [Modality: CellConfig.EncoderChoice]
  /// Where the best epoch and the share of sound are chosen; nil = the evaluated dataset's validation split.
  public let validation: CellConfig.DatasetChoice?
  /// A row of a batch is one frame drawn at random (half2020), or all frames of a clip, pooled.
  public let trainsOnSingleFrames: Bool
  /// The learning rate falls to `decayFactor` of itself every so many epochs.
  public let decayEvery: Int
  public let decayFactor: Double
  /// 0 = no limit.
  public let clipNorm: Double
  public let queueSize: Int
  public let workers: Int
  /// Captions drawn for each image of a batch; more than one for losses on bags only.
  public let captions: Int
  /// Directions that are ranked; the first one's metrics carry no prefix.
  public let directions: [RankedDirection]
  /// What the best epoch and the share of sound are chosen by.
  public let select: String
  /// Shares of sound in a gallery vector that are tried on validation data.
  public let audioShares: [Double]

  /// - Parameters:
  ///   - reader: the whole cell.
  ///   - training, evaluation: those sections; the keys that every cell has are read by the caller.
  init(
    _ reader: ConfigReader, training: ConfigReader, evaluation: ConfigReader, dataset: CellConfig.DatasetChoice
  ) {
    sources = Self.sources(reader, dataset)
    var towers: [Modality: CellConfig.EncoderChoice] = [:]
    for modality in [Modality.text, .image, .audio] where reader.tree(modality.rawValue) != nil {
      towers[modality] = CellConfig.encoder(
        reader.section(modality.rawValue), weights: "random", on: CellConfig.device(training))
    }
    self.towers = towers
    if towers[.text] == nil { reader.problem("text", "'text' is missing") }
    validation = reader.tree("validation") == nil ? nil : CellConfig.dataset(reader.section("validation"))
    trainsOnSingleFrames = training.choice("frames", ["one", "all"], default: "one") == "one"
    decayEvery = training.int("decayEvery", default: 30, in: 1...100_000)
    decayFactor = training.double("decayFactor", default: 0.1, in: 1e-6...1)
    clipNorm = training.double("clipNorm", default: 0, in: 0...1e9)
    queueSize = training.int("queueSize", default: 0, in: 0...10_000_000)
    workers = training.int("workers", default: 1, in: 0...256)
    captions = training.int("captions", default: 1, in: 1...1_000)
    directions = Self.directions(evaluation)
    select = evaluation.string("select", default: "MRR")
    audioShares = evaluation.strings("audioShares", default: ["0"]).map { text in
      guard let share = Double(text), (0...1).contains(share) else {
        evaluation.problem("audioShares", "'\(text)' is not a share between 0 and 1")
        return 0
      }
      return share
    }
  }

  func encoder(_ modality: Modality) -> CellConfig.EncoderChoice {
    towers[modality] ?? CellConfig.EncoderChoice(encoder: "", weights: "", seed: 0, train: false, parameters: [:])
  }

  private static func sources(_ reader: ConfigReader, _ dataset: CellConfig.DatasetChoice) -> [Source] {
    guard case .map(let entries, _)? = reader.tree("sources"), !entries.isEmpty else {
      reader.problem("sources", "'sources' must name at least one source of pairs, such as captions: {pair: image-text}")
      return []
    }
    let all = reader.section("sources")
    return entries.compactMap { entry in
      let section = all.section(entry.key)
      let pair = section.choice("pair", ["image-text", "image-audio", "text-audio"], default: "image-text")
      let choice = section.tree("dataset") == nil ? dataset : CellConfig.dataset(section.section("dataset"))
      let splits = CellConfig.splits(section)
      section.finish()
      let sides = pair.split(separator: "-").compactMap { Modality(rawValue: String($0)) }
      guard sides.count == 2 else { return nil }
      return Source(name: entry.key, dataset: choice, first: sides[0], second: sides[1], splits: splits)
    }
  }

  /// The directions of an evaluation: those given, else the protocol's.
  static func directions(_ reader: ConfigReader) -> [RankedDirection] {
    let own = reader.optionalChoice("protocol", RetrievalProtocol.allCases.map(\.rawValue))
      .flatMap { RetrievalProtocol(rawValue: $0) }
    let names = reader.strings("directions", default: (own?.directions ?? [.textToClip]).map(\.rawValue))
    let known = (own?.directions ?? RankedDirection.allCases).map(\.rawValue)
    let found = names.compactMap { name -> RankedDirection? in
      if known.contains(name), let direction = RankedDirection(rawValue: name) { return direction }
      let under = own.map { " under the protocol '\($0.rawValue)'" } ?? ""
      let list = known.joined(separator: ", ")
      reader.problem("directions", "'evaluation.directions' cannot hold '\(name)'\(under) (\(list))")
      return nil
    }
    if names.isEmpty { reader.problem("directions", "'evaluation.directions' is empty; name at least one") }
    return found.isEmpty ? [.textToClip] : found
  }
}

extension RetrievalProtocol {
  /// What it ranks, in the words of experiments.
  var directions: [RankedDirection] {
    switch self {
    case .textToVideo: [.textToClip]
    case .flat: [.clipToText]
    case .grouped: [.clipToTextGrouped]
    case .standard: [.textToClip, .clipToText, .clipToTextGrouped]
    case .coco5k, .coco1kFolds, .coco1kFirst: [.textToClip, .clipToText]
    case .pairs: [.imageToAudio, .audioToImage]
    }
  }
}

extension CellConfig.Evaluation {
  /// The items of each gallery: the evaluated split, or what the protocol makes of it.
  /// - Throws: ``IeumError`` (data) for a split that the protocol does not fit.
  func galleries(of dataset: Dataset) throws -> [[DatasetItem]] {
    let split = Split(rawValue: split) ?? .test
    return try retrievalProtocol?.galleries(of: dataset, split: split) ?? [dataset.items(in: split)]
  }

  /// What the evaluated split lists without an item: misses in its one gallery. Protocols that cut folds take whole ones.
  func lost(of dataset: Dataset) -> [String] {
    switch retrievalProtocol {
    case .coco5k, .coco1kFolds, .coco1kFirst: []
    default: dataset.unusable(in: Split(rawValue: split) ?? .test)
    }
  }
}

/// Who asks and what is ranked.
public enum RankedDirection: String, Sendable, CaseIterable {
  /// Every caption over all clips: text to video.
  case textToClip = "t2v"
  /// Every clip over all captions.
  case clipToText = "v2t-flat"
  /// Every clip over all clips, each by the best of its captions.
  case clipToTextGrouped = "v2t-grouped"
  case imageToAudio = "i2a"
  case audioToImage = "a2i"
  case textToAudio = "t2a"
  case audioToText = "a2t"
}
