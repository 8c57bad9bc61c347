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

  /// Other kinds of models have other query encoders.
  public enum Kind: String, Codable, Sendable {
    /// Heads on frozen encoders.
    case towers
    /// CLIP's towers, trained end to end.
    case clips
  }

  public struct Card: Codable, Sendable {
    public let kind: Kind
    public let title: String
    public let experiment: String
    public let cell: String
    public let seed: Int
    public let language: String
    public let text: Encoder
    public let image: Encoder
    /// Nil where the model has no sound side.
    public let audio: Encoder?
    public let model: String
    public let modelParameters: [String: String]
    public let singleFrames: Bool
    /// The score by which its epoch was chosen, on validation data.
    public let validationScore: Double?
    public let trainedOn: [String]
    /// How it came to be preferred to other models; nil where nobody chose.
    public var selection: String?
    /// SHA-256 over all of this and the trained weights: queries of another encoder are refused by it.
    public var digest: String

    /// The model in a line, for people.
    public var summary: String {
      "\(title) (\(experiment); trained on \(trainedOn.joined(separator: ", ")))" + (selection.map { "; \($0)" } ?? "")
    }
  }

  public let card: Card
  /// A file that the weights are read with, such as the tokenizer's, under the name by which it is known.
  typealias File = (name: String, path: String)

  /// The trained weights.
  let checkpoint: String
  /// What is copied with them, in the order that the card names.
  private let files: [File]
  private let cache: Cache

  init(_ card: Card, checkpoint: String, files: [File] = [], cache: Cache) throws {
    var card = card
    if card.digest.isEmpty { card.digest = try Self.digest(card, checkpoint, files) }
    (self.card, self.checkpoint, self.files, self.cache) = (card, checkpoint, files, cache)
  }

  /// The same model with a sentence on how it was chosen.
  public func chosen(_ selection: String) throws -> SearchModel {
    var card = card
    (card.selection, card.digest) = (selection, "")
    return try SearchModel(card, checkpoint: checkpoint, files: files, cache: cache)
  }

  /// - Throws: ``IeumError`` (data) when the weights that the towers stand on are not there or differ.
  public func encoder() throws -> any QueryEncoder {
    switch card.kind {
    case .towers: try TowerQueryEncoder(card, checkpoint: checkpoint, cache: cache)
    case .clips: try ClipQueryEncoder(card, checkpoint: checkpoint, files: files)
    }
  }

  private static func digest(_ card: Card, _ checkpoint: String, _ more: [File]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    var bare = card
    bare.digest = ""
    let digests = try ([checkpoint] + more.map { $0.path }).map { try Digest.ofFile($0) }
    return Digest.of(String(decoding: try encoder.encode(bare), as: UTF8.self) + digests.joined())
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
  /// The card's text parameter that names the files beside the weights.
  static let filesKey = "files"

  /// Copies the model into a folder.
  public func write(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let weights = FileManager.default.contents(atPath: checkpoint) else {
      throw IeumError(.data, "cannot be read", file: checkpoint, remedy: "run the experiment again")
    }
    for file in files {
      guard let bytes = FileManager.default.contents(atPath: file.path) else {
        throw IeumError(.data, "cannot be read", file: file.path, remedy: "run the experiment again")
      }
      try AtomicFile.write(bytes, to: "\(folder)/\(file.name)")
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
    let names = (card.text.parameters[filesKey] ?? "").split(separator: ",").map(String.init)
    guard names.allSatisfy({ !$0.contains("/") && $0 != ".." }) else {
      throw IeumError(.data, "names a file outside of its folder", file: path, remedy: "make the index again")
    }
    let files = names.map { (name: $0, path: "\(folder)/\($0)") }
    guard try digest(card, checkpoint, files) == card.digest else {
      throw IeumError(
        .data, "the model's weights or card were changed", file: checkpoint, remedy: "make the index again")
    }
    return try SearchModel(card, checkpoint: checkpoint, files: files, cache: cache)
  }
}
