import Basics
import Datasets
import Foundation
import Models
import Tensors

/// The text side of a cell: which encoder, from which weights, frozen or learning with the joint model.
struct TextSource {
  let name: String
  private let values: Parameters
  private let weights: String?
  private let isTrained: Bool
  let precision: InferencePrecision
  let device: Device
  let weightsDigest: String
  /// SHA-256 over weights, tokenisation and code version.
  let digest: String

  /// - Throws: ``IeumError``: data when the weights are missing, usage for settings that make no encoder.
  init(_ choice: CellConfig.EncoderChoice, dataset: Dataset, cache: Cache) throws {
    name = choice.encoder
    let spec = try TextEncoderRegistry.named(choice.encoder)
    if case .wordVectors = spec.input {
      throw IeumError(
        .usage, "'\(spec.name)' reads word vectors, which towers have", place: "text.encoder",
        remedy: "set `task: towers`, or use word2vec, rnn, lstm, gru or bert")
    }
    values = try Parameters(choice.parameters, specs: spec.parameters, owner: "encoder '\(choice.encoder)'")
    isTrained = spec.isTrainable || choice.train
    (precision, device) = (choice.precision, choice.device)
    try precision.check(text: spec, place: "text.precision")
    weights = try WeightCatalog.resolve(choice.weights, cache: cache)
    guard isTrained || weights != nil else {
      throw IeumError(
        .usage, "'\(choice.encoder)' needs weights", place: "text.weights",
        remedy: "name some of `ieum models list`, or a file, or let it learn with the joint model by `train: true`")
    }
    guard !choice.train || spec.name != "bert-ngrams" else {
      throw IeumError(.usage, "'\(spec.name)' stays frozen", place: "text.train", remedy: "train bert, or leave 'train' out")
    }
    guard !spec.isTrainable || weights == nil else {
      throw IeumError(
        .usage, "'\(choice.encoder)' starts from random weights", place: "text.weights", remedy: "leave them out")
    }
    weightsDigest = try weights.map { try cache.digest(ofFile: $0) } ?? "random, learnt with the joint model"
    let settings = values.values.sorted { $0.key < $1.key }
    let learnt = isTrained ? "learnt \(try TrainedText.vocabulary(dataset).digest)" : "frozen"
    let parts = ["\(name) 2 \(settings) \(dataset.language) \(weightsDigest) \(learnt)"]
    digest = Digest.of((parts + precision.digestParts).joined(separator: " "))
  }

  /// The feature file of a frozen encoder.
  func path(_ dataset: Dataset, _ cache: Cache) -> String? {
    isTrained ? nil : cache.features(dataset: dataset.name, encoder: name, digest: Digest.of(dataset.digest + digest))
  }

  /// The encoder's inputs, or the feature file, extracted first where it is missing.
  func inputs(for dataset: Dataset, cache: Cache, progress: Progress) throws -> SideInputs {
    guard let path = path(dataset, cache) else {
      return .trained(try TrainedText(name: name, values: values, weights: weights, dataset: dataset).side())
    }
    return .features(try cache.features(at: path) { try extract(dataset, to: path, progress) })
  }

  /// The frozen encoder.
  func opened(language: String) throws -> FrozenText {
    guard let weights else { throw IeumError(.usage, "'\(name)' needs weights", place: "text.weights") }
    return try FrozenText.open(
      name, weights: weights, .init(values, language: language, precision: precision, device: device))
  }

  /// Length of a frozen encoder's vectors, as far as it can be told without opening it.
  var likelyDimension: Int {
    guard name != "word2vec", let weights else { return 300 }
    var ngrams = 0
    if case .int(let count)? = values.values["ngrams"] { ngrams = count }
    return ngrams + ((try? PretrainedBert(weights).config.hiddenSize) ?? 768)
  }

  private func extract(_ dataset: Dataset, to path: String, _ progress: Progress) throws -> FeatureFile {
    let encoder = try opened(language: dataset.language)
    progress.start("\(dataset.name) → \(name)", total: dataset.allItems.count)
    defer { progress.finish() }
    let items = dataset.allItems
    var shares = WaitingShares()
    let texts = try shares.read { try items.map { try dataset.text(of: $0) } }
    let encoded = try encoder.vectors(texts)
    let writer = try FeatureWriter(
      path,
      attributes: FeatureAttributes(
        modality: .text, dataset: dataset.name, datasetDigest: dataset.digest, encoder: name, encoderDigest: digest,
        dimension: encoder.dimension))
    let file = try shares.write {
      for (item, result) in zip(items, encoded) where !writer.finishedIDs.contains(item.id) {
        switch result {
        case .success(let vector): try writer.append([item.id], features: vector)
        case .failure(let error): try writer.fail(item.id, error.problem)
        }
      }
      return try writer.finish(order: items.map(\.id))
    }
    progress.note("\(dataset.name) → \(name): \(shares.summary(items: items.count))")
    return file
  }
}
