import Basics
import Datasets
import Foundation
import Models
import Weights

/// The text side of a cell of towers: captions through a trained network on words, or their stored features.
struct TextTower: TowerSide {
  let digest: String
  let weightsDigest: String
  private let choice: CellConfig.EncoderChoice
  private let values: Parameters
  private let weights: String?
  private let datasets: [Dataset]
  private let cache: Cache

  init(_ choice: CellConfig.EncoderChoice, datasets: [Dataset], cache: Cache) throws {
    let spec = try TextEncoderRegistry.named(choice.encoder)
    values = try Parameters(choice.parameters, specs: spec.parameters, owner: "encoder '\(choice.encoder)'")
    weights = try WeightCatalog.resolve(choice.weights, cache: cache)
    let needsWeights = !["rnn", "lstm", "gru"].contains(choice.encoder)
    guard weights != nil || !needsWeights else {
      throw IeumError(
        .usage, "'\(choice.encoder)' needs weights", place: "text.weights",
        remedy: "name some of `ieum models list`, or a file")
    }
    if choice.encoder == "text-cnn" { _ = try TextCNN.kernels(values.string("kernels")) }
    weightsDigest = try weights.map { try cache.digest(ofFile: $0) } ?? "trained with the joint model"
    let settings = values.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    try choice.precision.check(text: spec, place: "text.precision")
    let parts = ["text \(choice.encoder) 1 \(settings) \(weightsDigest)"]
    digest = Digest.of((parts + choice.precision.digestParts).joined(separator: " "))
    isStored = !spec.isTrainable
    (self.choice, self.datasets, self.cache) = (choice, datasets, cache)
  }

  var notes: [String] { WeightCatalog.named(choice.weights).map { [$0.footnote] } ?? [] }

  private let isStored: Bool

  /// A network on words has a row for every word of every dataset, of those that are only ranked too.
  func digest(reading places: [Int]) -> String {
    isStored ? digest : Digest.of(([digest] + datasets.map { $0.digest + $0.language }).joined(separator: "\n"))
  }

  var featurePaths: [String] { isStored ? datasets.map(path) : [] }

  private func path(_ dataset: Dataset) -> String {
    cache.features(
      dataset: dataset.name, encoder: choice.encoder,
      digest: Digest.of("captions \(dataset.digest) \(dataset.language) \(digest)"))
  }

  func inputs(_ progress: Progress) throws -> any TowerInputs {
    switch choice.encoder {
    case "text-cnn": return try wordVectors()
    case "rnn", "lstm", "gru": return try vocabulary()
    default: return try stored(progress)
    }
  }

  /// Every caption of every dataset with the item it is of.
  private func eachCaption(_ body: (ItemKey, Dataset, [String]) throws -> Void) rethrows {
    for (number, dataset) in datasets.enumerated() {
      for item in dataset.allItems {
        try body(ItemKey(dataset: number, id: item.id), dataset, dataset.captions(of: item))
      }
    }
  }

  // Only the words that occur get a row of the table: a file of millions of vectors would not fit a checkpoint.
  private func wordVectors() throws -> WordInputs {
    guard let weights else { preconditionFailure("text-cnn has word vectors") }
    let vectors = try WordVectors.read(weights)
    let (length, dropsStopWords) = (values.int("length"), values.string("stopWords") == "remove")
    guard length > 0 else {
      throw IeumError(.usage, "'length' is \(length)", place: "text.parameters", remedy: "give 1 or more; the document has 16")
    }
    var numbers: [String: Int64] = [:]
    var table = [Float](repeating: 0, count: vectors.dimension)
    var rows: [ItemKey: [[Int64]]] = [:]
    eachCaption { key, dataset, captions in
      rows[key] = captions.map { caption in
        let words = WordTokenizer.words(caption, language: dataset.language)
        let kept = dropsStopWords ? StopWords.removed(from: words, language: dataset.language) : words
        var ids: [Int64] = []
        for word in kept where ids.count < length {
          guard let vector = vectors[word] else { continue }
          let id = numbers[word] ?? Int64(numbers.count + 1)
          if numbers[word] == nil {
            numbers[word] = id
            table += vector
          }
          ids.append(id)
        }
        return ids + [Int64](repeating: 0, count: length - ids.count)
      }
    }
    let kernels = try TextCNN.kernels(values.string("kernels"))
    let (filters, trains, width) = (values.int("filters"), values.bool("trainWords"), vectors.dimension)
    return WordInputs(
      length: length,
      make: { [table] generator in
        TextTrunk(
          try TextCNN(
            vectors: table, dimension: width, kernels: kernels, filters: filters, trainWords: trains,
            generator: &generator))
      }, rows: rows)
  }

  private func vocabulary() throws -> WordInputs {
    let language = datasets.first?.language ?? "en"
    let texts = datasets.flatMap { dataset in dataset.items(in: .train).flatMap { dataset.captions(of: $0) } }
    let vocabulary = Vocabulary.build(texts: texts, language: language)
    var rows: [ItemKey: [[Int64]]] = [:]
    eachCaption { key, _, captions in rows[key] = captions.map { vocabulary.ids($0).map { Int64($0) } } }
    guard let kind = RecurrentText.Kind(rawValue: choice.encoder) else {
      throw IeumError(.usage, "'\(choice.encoder)' cannot be trained here", place: "text.encoder")
    }
    let (size, embedding, hidden) = (vocabulary.size, values.int("embedding"), values.int("hidden"))
    return WordInputs(
      length: vocabulary.ids("").count,
      make: { generator in
        TextTrunk(
          try RecurrentText(
            kind: kind, vocabularySize: size, embedding: embedding, hidden: hidden, generator: &generator))
      }, rows: rows)
  }

  private func stored(_ progress: Progress) throws -> StoredInputs {
    let files = try datasets.map { try captionFile(of: $0, progress) }
    var inputs = StoredInputs(dimension: files.first?.dimension ?? 0)
    eachCaption { key, _, captions in
      let file = files[key.dataset]
      // A caption without a known word keeps its place as a zero vector.
      let zero = [Float](repeating: 0, count: inputs.dimension)[...]
      let rows = captions.indices.map { file.vectors(of: DatasetItem.captionID(key.id, $0)) ?? zero }
      inputs.add(key, rows.flatMap { $0 })
    }
    return inputs
  }

  /// The features of all captions of a dataset, a row each under `ID#k`; extracted first where they are missing.
  /// - Throws: ``IeumError`` (usage) for an encoder that is trained with the joint model.
  func captionFile(of dataset: Dataset, _ progress: Progress) throws -> FeatureFile {
    guard isStored else {
      throw IeumError(
        .usage, "'\(choice.encoder)' is trained with the joint model; it has no frozen features", place: "--encoder",
        remedy: "use word2vec or bert")
    }
    let path = path(dataset)
    return try cache.features(at: path) { try extract(dataset, to: path, progress) }
  }

  private func extract(_ dataset: Dataset, to path: String, _ progress: Progress) throws -> FeatureFile {
    guard let weights else { preconditionFailure("frozen text encoders have weights") }
    let options = FrozenText.Options(
      values, language: dataset.language, precision: choice.precision, device: choice.device)
    let encode = try FrozenText.open(choice.encoder, weights: weights, options)
    let captions = dataset.allItems.flatMap { item in
      dataset.captions(of: item).enumerated().map { (DatasetItem.captionID(item.id, $0), $1) }
    }
    let writer = try FeatureWriter(
      path,
      attributes: FeatureAttributes(
        modality: .text, dataset: dataset.name, datasetDigest: dataset.digest, encoder: choice.encoder,
        encoderDigest: digest, dimension: encode.dimension))
    progress.start("\(dataset.name) captions → \(choice.encoder)", total: captions.count)
    for start in stride(from: 0, to: captions.count, by: 1024) {
      let piece = captions[start..<min(start + 1024, captions.count)].filter { !writer.finishedIDs.contains($0.0) }
      for ((id, _), result) in zip(piece, try encode.vectors(piece.map(\.1))) {
        switch result {
        case .success(let vector): try writer.append([id], features: vector)
        case .failure(let error): try writer.fail(id, error.problem)
        }
      }
      progress.advance(piece.count)
    }
    progress.finish()
    return try writer.finish(order: captions.map(\.0))
  }
}
