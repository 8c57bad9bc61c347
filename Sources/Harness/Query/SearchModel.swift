import Basics
import Datasets
import Foundation
import Models
import Weights

/// A trained model as a search index keeps it: which encoders, which towers, their weights; enough to encode queries.
///
/// The frozen encoders' weights stay in the cache; the card holds their digests.
public struct SearchModel: Sendable {
  public struct Encoder: Codable, Sendable {
    public let encoder: String
    /// Catalogue name or file, as the experiment names them.
    public let weights: String
    public let weightsDigest: String
    public let seed: Int
    public let parameters: [String: String]

    var scalars: [String: Scalar] { parameters.mapValues { Scalar(parsing: $0) } }
  }

  public struct Card: Codable, Sendable {
    /// `towers`; other kinds of models have other query encoders.
    public let kind: String
    public let title: String
    public let experiment: String
    public let cell: String
    public let seed: Int
    public let language: String
    public let text: Encoder
    public let image: Encoder
    public let model: String
    public let modelParameters: [String: String]
    public let singleFrames: Bool
    /// The score by which its epoch was chosen, on validation data.
    public let validationScore: Double?
    public let trainedOn: [String]
    /// SHA-256 over all of this and the trained weights: queries of another encoder are refused by it.
    public var digest: String
  }

  public let card: Card
  /// The trained weights.
  let checkpoint: String
  private let cache: Cache

  /// - Throws: ``IeumError`` (data) when the weights that the towers stand on are not there or differ.
  public func encoder() throws -> any QueryEncoder {
    guard card.kind == "towers" else {
      throw IeumError(.data, "the model kind '\(card.kind)' is unknown", file: checkpoint, remedy: "update ieum")
    }
    return try TowerQueryEncoder(card, checkpoint: checkpoint, cache: cache)
  }

  /// Trains the first cell whose label contains `pattern`, or takes it from the cache.
  /// - Throws: ``IeumError``: usage for a cell that search cannot use, data for what is missing.
  public static func trained(
    _ file: String, cell pattern: String? = nil, bench: Workbench = Workbench()
  ) throws -> SearchModel {
    let experiment = try Experiment.load(file)
    let cells = experiment.cells.filter { cell in
      pattern.map { "\(cell.table)/\(cell.row)/\(cell.column) \(cell.id)".localizedCaseInsensitiveContains($0) } ?? true
    }
    guard let cell = cells.first else {
      throw IeumError(
        .usage, "no cell matches '\(pattern ?? "")'", file: file, place: "--cell", remedy: "see `ieum plan \(file)`")
    }
    guard let towers = cell.config.towers, let seed = cell.config.seeds.first else {
      throw IeumError(
        .usage, "search needs a model that embeds texts and pictures apart (task: towers)", file: file,
        remedy: "see experiments/search.yaml")
    }
    try check(towers, file)
    let runner = CellRunner(cell: cell, bench: bench, progress: Progress())
    try runner.run()
    guard let task = try runner.task() as? TowerTask else {
      throw IeumError(.usage, "its task is none of towers", file: file)
    }
    let folder = bench.cache.run(digest: Digest.of(task.trainingKey + " seed \(seed)"))
    let score = RunRecord.read(runner.folder(task, seed: seed))?.chosen?[RunRecord.validationScore]
    func encoder(_ modality: Modality) throws -> Encoder {
      let choice = towers.encoder(modality)
      return Encoder(
        encoder: choice.encoder, weights: choice.weights, weightsDigest: task.sides[modality]?.weightsDigest ?? "",
        seed: choice.seed, parameters: choice.parameters.mapValues(\.description))
    }
    var card = Card(
      kind: "towers", title: experiment.title, experiment: experiment.name, cell: cell.id, seed: seed,
      language: cell.config.dataset.language, text: try encoder(.text), image: try encoder(.image),
      model: cell.config.model.name, modelParameters: cell.config.model.parameters.mapValues(\.description),
      singleFrames: towers.trainsOnSingleFrames, validationScore: score,
      trainedOn: Array(Set(task.sourceDatasets.map { task.datasets[$0].name })).sorted(), digest: "")
    let checkpoint = folder + "/checkpoint.safetensors"
    card.digest = try digest(card, checkpoint)
    return SearchModel(card: card, checkpoint: checkpoint, cache: bench.cache)
  }

  private static func check(_ towers: TowersConfig, _ file: String) throws {
    let (text, image) = (towers.encoder(.text), towers.encoder(.image))
    guard ["bert", "word2vec"].contains(text.encoder), !text.train else {
      throw IeumError(
        .usage, "search cannot encode new sentences with '\(text.encoder)' trained here", file: file, place: "text",
        remedy: "use a frozen bert or word2vec")
    }
    guard !image.train, !image.encoder.isEmpty, towers.towers[.audio] == nil else {
      throw IeumError(
        .usage, "search needs a frozen image encoder and no tower for sound", file: file, place: "image")
    }
  }

  private static func digest(_ card: Card, _ checkpoint: String) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    var bare = card
    bare.digest = ""
    return Digest.of(String(decoding: try encoder.encode(bare), as: UTF8.self) + (try Digest.ofFile(checkpoint)))
  }

  /// The file of an encoder's weights; nil for seeded random ones.
  /// - Throws: ``IeumError`` (data) when it is not there, or is not the one that the model was trained on.
  static func weights(_ encoder: Encoder, _ cache: Cache) throws -> String? {
    guard let path = try WeightCatalog.resolve(encoder.weights, cache: cache) else { return nil }
    guard try cache.digest(ofFile: path) == encoder.weightsDigest else {
      throw IeumError(
        .data, "are not the weights that the model was trained on", file: path,
        remedy: "put those back, or make the index again")
    }
    return path
  }

  private static let cardName = "model.json"
  private static let weightsName = "model.safetensors"

  /// Copies the model into a folder.
  public func write(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let weights = FileManager.default.contents(atPath: checkpoint) else {
      throw IeumError(.data, "cannot be read", file: checkpoint, remedy: "run the experiment again")
    }
    try AtomicFile.write(weights, to: "\(folder)/\(Self.weightsName)")
    try AtomicFile.write(try encoder.encode(card), to: "\(folder)/\(Self.cardName)")
  }

  /// - Throws: ``IeumError`` (data) for a folder without a model, or one whose weights were changed.
  public static func open(_ folder: String, cache: Cache = Cache()) throws -> SearchModel {
    let path = "\(folder)/\(cardName)"
    guard let data = FileManager.default.contents(atPath: path),
      let card = try? JSONDecoder().decode(Card.self, from: data)
    else {
      throw IeumError(.data, "there is no model", file: path, remedy: "make the index again with `ieum index create`")
    }
    let checkpoint = "\(folder)/\(weightsName)"
    guard try digest(card, checkpoint) == card.digest else {
      throw IeumError(.data, "the model's weights or card were changed", file: checkpoint, remedy: "make the index again")
    }
    return SearchModel(card: card, checkpoint: checkpoint, cache: cache)
  }
}
