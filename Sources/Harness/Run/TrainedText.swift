import Basics
import Datasets
import Foundation
import Models
import Weights

/// Text encoders that learn with the joint model: recurrent networks, word vectors and BERT, from random or given weights.
struct TrainedText {
  let name: String
  let values: Parameters
  let weights: String?
  let dataset: Dataset

  /// Words read of a caption at most (hong2022 gives none; `stamps` has up to 20).
  private static let length = 20

  /// Words that the encoder learns vectors of: those of the training captions.
  static func vocabulary(_ dataset: Dataset) throws -> Vocabulary {
    let texts = try dataset.items(in: .train).map { try dataset.text(of: $0) }
    return Vocabulary.build(texts: texts, language: dataset.language)
  }

  /// - Throws: ``IeumError``: data for weights that cannot be read, usage for sizes that make no network.
  func side() throws -> TrainedSide {
    if let kind = RecurrentText.Kind(rawValue: name) { return try recurrent(kind) }
    return name == "bert" ? try bert() : try wordVectors()
  }

  private func recurrent(_ kind: RecurrentText.Kind) throws -> TrainedSide {
    let vocabulary = try Self.vocabulary(dataset)
    let (embedding, hidden) = (values.int("embedding"), values.int("hidden"))
    return try wordIDs(vocabulary, dimension: hidden) { generator in
      let network = try RecurrentText(
        kind: kind, vocabularySize: vocabulary.size, embedding: embedding, hidden: hidden, generator: &generator)
      return TrainableEncoder(module: network) { try network.features($0) }
    }
  }

  private func wordVectors() throws -> TrainedSide {
    let given = try weights.map { try WordVectors.read($0) }
    let vocabulary = try Self.vocabulary(dataset).extended(by: try allWords().filter { given?[$0] != nil })
    let known = vocabulary.words.compactMap { word in given?[word].map { (vocabulary[word], Array($0)) } }
    let start = Dictionary(known, uniquingKeysWith: { first, _ in first })
    let dimension = given?.dimension ?? values.int("dimension")
    return try wordIDs(vocabulary, dimension: dimension) { generator in
      let network = try WordVectorText(
        vocabularySize: vocabulary.size, dimension: dimension, known: start, generator: &generator)
      return TrainableEncoder(module: network) { try network.features($0) }
    }
  }

  private func bert() throws -> TrainedSide {
    guard let pooling = BertPooling(rawValue: values.string("pooling")) else {
      throw Suggestion.unknown("pooling", values.string("pooling"), known: BertPooling.allCases.map(\.rawValue))
    }
    guard let weights else { return try newBert(pooling) }
    let pretrained = try PretrainedBert(weights)
    let ids = try dataset.allItems.map { item in
      (item.id, try pretrained.tokenizer.encode(try dataset.text(of: item), maxTokens: pretrained.config.maxTokens))
    }
    return Self.padded(ids, with: pretrained.config.padTokenID, dimension: pretrained.config.hiddenSize) { _ in
      let network = try BertNetwork.load(try WeightFile.read(weights), config: pretrained.config, pooling: pooling)
      return TrainableEncoder(module: network) { try network.features(padded: $0) }
    }
  }

  /// A small BERT over whole words, from random weights.
  private func newBert(_ pooling: BertPooling) throws -> TrainedSide {
    let vocabulary = try Self.vocabulary(dataset)
    var config = BertConfig()
    config.vocabularySize = vocabulary.size
    (config.layers, config.hiddenSize, config.heads) = (values.int("layers"), values.int("hidden"), values.int("heads"))
    (config.intermediateSize, config.maxPositions) = (4 * config.hiddenSize, Self.length)
    guard config.layers > 0, config.heads > 0, config.hiddenSize > 0, config.hiddenSize % config.heads == 0 else {
      throw IeumError(
        .usage, "a BERT of \(config.layers) layers and \(config.heads) heads over \(config.hiddenSize) numbers cannot be made",
        place: "text.parameters", remedy: "give positive numbers, 'hidden' a multiple of 'heads'")
    }
    let settings = config
    return try wordIDs(vocabulary, dimension: config.hiddenSize) { generator in
      let network = try BertNetwork(settings, pooling: pooling, generator: &generator)
      return TrainableEncoder(module: network) { try network.features(padded: $0) }
    }
  }

  private func allWords() throws -> [String] {
    try dataset.allItems.flatMap { WordTokenizer.words(try dataset.text(of: $0), language: dataset.language) }
  }

  private func wordIDs(
    _ vocabulary: Vocabulary, dimension: Int, make: @escaping (inout SeededGenerator) throws -> TrainableEncoder
  ) throws -> TrainedSide {
    let ids = try dataset.allItems.map { item in
      (item.id, vocabulary.ids(try dataset.text(of: item), length: Self.length).filter { $0 != Vocabulary.paddingID })
    }
    return Self.padded(ids, with: Vocabulary.paddingID, dimension: dimension, make: make)
  }

  private static func padded(
    _ ids: [(String, [Int])], with padding: Int, dimension: Int,
    make: @escaping (inout SeededGenerator) throws -> TrainableEncoder
  ) -> TrainedSide {
    let width = ids.map(\.1.count).max() ?? 1
    let rows = ids.filter { !$0.1.isEmpty }.map { ($0.0, $0.1 + Array(repeating: padding, count: width - $0.1.count)) }
    return TrainedSide(
      dimension: dimension, rows: Dictionary(rows, uniquingKeysWith: { first, _ in first }), width: max(1, width),
      make: make)
  }
}
