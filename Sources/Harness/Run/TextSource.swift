import Basics
import Datasets
import Foundation
import Models
import Tensors
import Weights

/// The text side of a cell: which encoder, from which weights, frozen or trained with the joint model.
struct TextSource {
  private enum Kind {
    /// Frozen: its features are made once.
    case frozen(path: String, FrozenText.Options)
    /// Trained with the joint model on word ids.
    case recurrent(name: String, embedding: Int, hidden: Int, vocabulary: Vocabulary, length: Int)
  }

  private let kind: Kind
  private let name: String
  /// Captions of the dataset in the chosen language.
  private let language: String
  let weightsDigest: String
  /// SHA-256 over weights, tokenisation and code version.
  let digest: String

  init(_ choice: CellConfig.EncoderChoice, dataset: Dataset, cache: Cache) throws {
    name = choice.encoder
    language = dataset.language
    let spec = try TextEncoderRegistry.named(choice.encoder)
    let values = try Parameters(choice.parameters, specs: spec.parameters, owner: "encoder '\(choice.encoder)'")
    let weights = try WeightCatalog.resolve(choice.weights, cache: cache)
    if !spec.isTrainable {
      guard let weights else {
        throw IeumError(
          .usage, "'\(choice.encoder)' needs weights", place: "text.weights",
          remedy: "name some of `ieum models list`, or a file")
      }
      weightsDigest = try cache.digest(ofFile: weights)
      var options = FrozenText.Options()
      options.language = language
      if case .string(let pooling)? = values.values["pooling"] { options.pooling = pooling }
      kind = .frozen(path: weights, options)
      digest = Digest.of("\(name) 1 \(values.values.sorted { $0.key < $1.key }) \(language) \(weightsDigest)")
    } else {
      weightsDigest = "trained with the joint model"
      let texts = try dataset.items(in: .train).map { try dataset.text(of: $0) }
      let vocabulary = try Vocabulary.build(texts: texts, language: language)
      kind = .recurrent(
        name: choice.encoder, embedding: values.int("embedding"), hidden: values.int("hidden"),
        vocabulary: vocabulary, length: TextSource.sequenceLength(spec))
      digest = Digest.of("\(name) 1 \(values.values.sorted { $0.key < $1.key }) \(vocabulary.digest)")
    }
  }

  private static func sequenceLength(_ spec: TextEncoderSpec) -> Int {
    if case .wordIDs(let length) = spec.input { return length }
    return 20
  }

  /// Width of the text vector when a network makes it; `nil` for frozen features.
  var dimension: Int? {
    if case .recurrent(_, _, let hidden, _, _) = kind { return hidden }
    return nil
  }

  /// The text network to train, if any.
  func network(_ generator: inout SeededGenerator) throws -> TrainableText? {
    guard case .recurrent(let name, let embedding, let hidden, let vocabulary, _) = kind else { return nil }
    guard let kind = RecurrentText.Kind(rawValue: name) else {
      throw IeumError(.usage, "'\(name)' cannot be trained here", place: "text.encoder", remedy: "use rnn, lstm or gru")
    }
    let module = try RecurrentText(
      kind: kind, vocabularySize: vocabulary.size, embedding: embedding, hidden: hidden,
      generator: &generator)
    return TrainableText(module: module) { try module.features($0) }
  }

  func path(_ dataset: Dataset, _ cache: Cache) -> String? {
    if case .recurrent = kind { return nil }
    let key = Digest.of(dataset.digest + digest + language)
    return cache.features(dataset: dataset.name, encoder: name, digest: key)
  }

  /// Word ids, or the feature file, extracted first where it is missing.
  func inputs(for dataset: Dataset, cache: Cache, progress: Progress) throws -> TextInputs {
    if case .recurrent(_, _, _, let vocabulary, let length) = kind {
      var rows: [String: [Int]] = [:]
      for item in dataset.allItems { rows[item.id] = vocabulary.ids(try dataset.text(of: item), length: length) }
      return .wordIDs(rows, length: length)
    }
    guard let path = path(dataset, cache) else { preconditionFailure("frozen encoders have a feature file") }
    if FileManager.default.fileExists(atPath: path) { return .features(try FeatureFile.read(path)) }
    let encode = try encoder()
    let items = dataset.allItems
    progress.start("\(dataset.name) → \(name)", total: items.count)
    let encoded = try encode.vectors(try items.map { try dataset.text(of: $0) })
    let writer = try FeatureWriter(
      path,
      attributes: FeatureAttributes(
        modality: .text, dataset: dataset.name, datasetDigest: dataset.digest, encoder: name, encoderDigest: digest,
        dimension: encode.dimension))
    for (item, result) in zip(items, encoded) where !writer.finishedIDs.contains(item.id) {
      switch result {
      case .success(let vector): try writer.append([item.id], features: vector)
      case .failure(let error): try writer.fail(item.id, error.problem)
      }
    }
    progress.finish()
    return .features(try writer.finish(order: items.map(\.id)))
  }

  private func encoder() throws -> FrozenText {
    guard case .frozen(let path, let options) = kind else {
      preconditionFailure("recurrent encoders are trained, not frozen")
    }
    return try FrozenText.open(name, weights: path, options)
  }
}

/// What the joint model reads of the texts.
enum TextInputs {
  case features(FeatureFile)
  case wordIDs([String: [Int]], length: Int)

  func has(_ id: String) -> Bool {
    switch self {
    case .features(let file): file.row(of: id) != nil
    case .wordIDs(let rows, _): rows[id]?.contains { $0 != Vocabulary.paddingID } == true
    }
  }

  func tensor(_ ids: [String]) throws -> Tensor {
    switch self {
    case .features(let file): return try Tensor(try file.matrix(of: ids), shape: [ids.count, file.dimension])
    case .wordIDs(let rows, let length):
      return try Tensor(ids.flatMap { rows[$0] ?? [] }.map { Int64($0) }, shape: [ids.count, length])
    }
  }
}
