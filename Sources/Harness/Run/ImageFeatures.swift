import Basics
import Datasets
import Foundation
import Models
import Tensors

/// Fills the feature store with one vector per item: the mean over the vectors of its images (hong2022), or, where
/// the dataset has films, with one vector per sampled frame.
struct ImageFeatures {
  let spec: ImageEncoderSpec
  let seed: Int
  let weights: String?
  /// SHA-256 of the weight file, or `random:SEED`.
  let weightsDigest: String
  /// SHA-256 over weights, preprocessing and code version: `encoder_digest` of the file.
  let digest: String
  let precision: InferencePrecision
  /// No part of the digest: float32 features of all devices agree to rounding (1e-4), bf16 ones as they do between CPUs.
  let device: Device
  /// Whether the network learns with the joint model instead of filling the store.
  private let isTrained: Bool
  /// Which frames of films are looked at.
  let sampling: FrameSampling
  /// Images decoded and encoded at a time.
  private let batch = 32

  init(_ choice: CellConfig.EncoderChoice, cache: Cache) throws {
    spec = try ImageEncoderRegistry.named(choice.encoder)
    let values = try Parameters(
      choice.parameters, specs: FilmFrames.parameters, owner: "encoder '\(choice.encoder)'")
    sampling = try FrameSampling(name: values.string("sampling"), frames: values.int("frames"))
    seed = choice.seed
    weights = try WeightCatalog.resolve(choice.weights, cache: cache)
    weightsDigest = try weights.map { try cache.digest(ofFile: $0) } ?? "random:\(choice.seed)"
    isTrained = choice.train
    (precision, device) = (choice.precision, choice.device)
    let learnt = choice.train ? " learnt" : ""
    let parts = ["\(spec.name) \(spec.codeVersion) \(spec.preprocessing) \(weightsDigest)\(learnt)"]
    digest = ImageDecoder.joined(to: Digest.of((parts + precision.digestParts).joined(separator: " ")))
  }

  /// The encoder's inputs where it learns, otherwise the feature file, extracted first where it is missing.
  func inputs(for dataset: Dataset, cache: Cache, progress: Progress) throws -> SideInputs {
    guard isTrained else { return .features(try file(for: dataset, cache: cache, progress: progress)) }
    return .trained(try TrainedImages(spec: spec, weights: weights, seed: seed, dataset: dataset).side(progress))
  }

  /// The feature file of a frozen encoder.
  func path(_ dataset: Dataset, _ cache: Cache) -> String? { isTrained ? nil : storePath(dataset, cache) }

  private func storePath(_ dataset: Dataset, _ cache: Cache) -> String {
    let key = dataset.hasFilms ? FilmFrames.digest(digest, sampling) : digest
    return cache.features(dataset: dataset.name, encoder: spec.name, digest: Digest.of(dataset.digest + key))
  }

  /// The feature file, extracted first where it is missing; goes on where an interrupted extraction stopped.
  func file(for dataset: Dataset, cache: Cache, progress: Progress) throws -> FeatureFile {
    let path = storePath(dataset, cache)
    return try cache.features(at: path) { try extract(dataset, to: path, progress) }
  }

  private func extract(_ dataset: Dataset, to path: String, _ progress: Progress) throws -> FeatureFile {
    if dataset.hasFilms {
      let frames = FilmFrames(try loaded(), sampling: sampling)
      return try frames.file(for: dataset, parts: dataset.allItems.map(MediaPart.seen), at: path, progress: progress)
    }
    let encoder = try loaded()
    let writer = try FeatureWriter(
      path,
      attributes: FeatureAttributes(
        modality: .image, dataset: dataset.name, datasetDigest: dataset.digest, encoder: spec.name,
        encoderDigest: digest, dimension: encoder.dimension))
    if let slowdown = encoder.slowdown { progress.note("ieum: \(slowdown)") }
    let todo = dataset.allItems.filter { !writer.finishedIDs.contains($0.id) }
    progress.start("\(dataset.name) → \(spec.name)", total: todo.count)
    let preprocessing = encoder.preprocessing
    let images = Ahead(todo.flatMap(\.imagePaths), window: 2 * batch) { path in
      Result { try ImagePreprocessor.apply(ImageDecoder.decode(path), preprocessing) }
    }
    // Only the jobs touch the writer until they are finished.
    nonisolated(unsafe) let unsafeWriter = writer
    let writing = Behind()
    defer { writing.drain() }
    var (group, shares): ([DatasetItem], WaitingShares) = ([], WaitingShares())
    for (index, item) in todo.enumerated() {
      group.append(item)
      guard group.reduce(0, { $0 + $1.imagePaths.count }) >= batch || index == todo.count - 1 else { continue }
      let vectors = try encode(group, images, with: encoder)
      let done = group
      try shares.write { try writing.add { try Self.store(vectors, of: done, in: unsafeWriter) } }
      progress.advance(group.count)
      group = []
    }
    try shares.write { try writing.finish() }
    progress.finish()
    shares.waited(images)
    if !todo.isEmpty { progress.note("\(dataset.name) → \(spec.name): \(shares.summary(items: todo.count))") }
    return try writer.finish(order: dataset.allItems.map(\.id))
  }

  private func loaded() throws -> ImageEncoder {
    try ImageEncoder.load(spec, weights: weights, seed: UInt64(seed), device: device, precision: precision)
  }

  /// The means of some items' images, which come next in `images`.
  private func encode(
    _ items: [DatasetItem], _ images: Ahead<String, Result<[Float], any Error>>, with encoder: ImageEncoder
  ) throws -> [ItemMean] {
    var means = items.map { _ in ItemMean(dimension: encoder.dimension) }
    let owners = items.enumerated().flatMap { index, item in item.imagePaths.map { _ in index } }
    // Always divided in the same way, so that a resumed extraction gives the same bits.
    for start in stride(from: 0, to: owners.count, by: batch) {
      let piece = Array(owners[start..<min(start + batch, owners.count)])
      try add(piece, piece.compactMap { _ in images.next() }, to: &means, with: encoder)
    }
    return means
  }

  private static func store(_ means: [ItemMean], of items: [DatasetItem], in writer: FeatureWriter) throws {
    for (item, mean) in zip(items, means) {
      if let vector = mean.vector {
        // An item keeps its other images when one is broken.
        if let failure = mean.failures.first {
          writer.remark(item.id, "\(mean.failures.count) of \(item.imagePaths.count) images left out: \(failure)")
        }
        try writer.append([item.id], features: vector)
      } else {
        try writer.fail(item.id, mean.failures.first ?? "has no image")
      }
    }
    try writer.flush()
  }

  private func add(
    _ items: [Int], _ decoded: [Result<[Float], any Error>], to means: inout [ItemMean], with encoder: ImageEncoder
  ) throws {
    var (pixels, owners): ([Float], [Int]) = ([], [])
    for (item, result) in zip(items, decoded) {
      switch result {
      case .success(let image):
        pixels += image
        owners.append(item)
      case .failure(let error): means[item].failures.append("\(error)")
      }
    }
    guard !owners.isEmpty else { return }
    let vectors = try encoder.encode(pixels: pixels, count: owners.count)
    for (row, owner) in owners.enumerated() {
      means[owner].add(vectors[(row * encoder.dimension)..<((row + 1) * encoder.dimension)])
    }
  }
}

/// The running mean of an item's image vectors.
private struct ItemMean: Sendable {
  private var sum: [Float]
  private var count = 0
  var failures: [String] = []

  init(dimension: Int) { sum = [Float](repeating: 0, count: dimension) }

  mutating func add(_ vector: ArraySlice<Float>) {
    for (index, value) in vector.enumerated() { sum[index] += value }
    count += 1
  }

  var vector: [Float]? { count == 0 ? nil : sum.map { $0 / Float(count) } }
}
