import Basics
import Datasets
import Foundation
import Models
import Tensors
import Weights

/// The image side of a cell of towers: an item's pictures, or frames of its film, through a trained network or as stored
/// features.
struct ImageTower: TowerSide {
  let digest: String
  let weightsDigest: String
  private let spec: ImageEncoderSpec
  private let tower: TowersConfig.Tower
  private let weights: String?
  private let sampling: ClipSampling
  private let datasets: [Dataset]
  private let cache: Cache

  init(_ tower: TowersConfig.Tower, datasets: [Dataset], cache: Cache) throws {
    spec = try ImageEncoderRegistry.named(tower.encoder.encoder)
    _ = try Parameters(tower.encoder.parameters, specs: [], owner: "encoder '\(tower.encoder.encoder)'")
    weights = try WeightCatalog.resolve(tower.encoder.weights, cache: cache)
    weightsDigest = try weights.map { try cache.digest(ofFile: $0) } ?? "random:\(tower.encoder.seed)"
    sampling = try ClipSampling(name: tower.sampling, frames: tower.frames)
    digest = Digest.of(
      "frames \(spec.name) \(spec.codeVersion) \(spec.preprocessing) \(weightsDigest) \(sampling) \(tower.encoder.train)")
    (self.tower, self.datasets, self.cache) = (tower, datasets, cache)
  }

  var notes: [String] {
    if let entry = WeightCatalog.named(tower.encoder.weights) { return [entry.footnote] }
    guard tower.encoder.weights == "random" else { return [] }
    let start = tower.encoder.train ? "starts from" : "runs with"
    return ["\(spec.name) \(start) seeded random weights, not ImageNet's"]
  }

  var featurePaths: [String] { tower.encoder.train ? [] : datasets.map(path) }

  private func path(_ dataset: Dataset) -> String {
    cache.features(
      dataset: dataset.name, encoder: "\(spec.name)-frames", digest: Digest.of(dataset.digest + digest))
  }

  func inputs(_ progress: Progress) throws -> any TowerInputs {
    if tower.encoder.train { return pixels() }
    let files = try datasets.map { try file($0, progress) }
    var inputs = StoredInputs(dimension: files.first?.dimension ?? spec.dimension)
    for (number, file) in files.enumerated() {
      for id in file.ids { inputs.add(ItemKey(dataset: number, id: id), file.vectors(of: id) ?? []) }
    }
    return inputs
  }

  private func pixels() -> PixelInputs {
    var items: [ItemKey: DatasetItem] = [:]
    for (number, dataset) in datasets.enumerated() {
      for item in dataset.allItems where ClipMedia(item).hasPictures { items[ItemKey(dataset: number, id: item.id)] = item }
    }
    let (spec, weights, seed) = (spec, weights, UInt64(tower.encoder.seed))
    return PixelInputs(items: items, sampling: sampling, preprocessing: spec.preprocessing) { generator in
      ImageTrunk(try Self.network(spec, weights: weights, seed: seed, &generator), dimension: spec.dimension)
    }
  }

  /// A network to train on, from a weight file or from random weights.
  static func network(
    _ spec: ImageEncoderSpec, weights: String?, seed: UInt64, _ generator: inout SeededGenerator
  ) throws -> any ImageNetwork {
    guard let weights else { return try spec.make(&generator) }
    let file = try WeightFile.read(weights)
    return try spec.make(spec.normalise(file.tensors, file: weights), file: weights)
  }

  private func file(_ dataset: Dataset, _ progress: Progress) throws -> FeatureFile {
    let path = path(dataset)
    if FileManager.default.fileExists(atPath: path) { return try FeatureFile.read(path) }
    let encoder = try ImageEncoder.load(spec, weights: weights, seed: UInt64(tower.encoder.seed))
    let writer = try FeatureWriter(
      path,
      attributes: FeatureAttributes(
        modality: dataset.allItems.contains { $0.videoPath != nil } ? .video : .image, dataset: dataset.name,
        datasetDigest: dataset.digest, encoder: spec.name, encoderDigest: digest, dimension: encoder.dimension),
      sequences: true)
    let todo = dataset.allItems.filter { !writer.finishedIDs.contains($0.id) }
    progress.start("\(dataset.name) frames → \(spec.name)", total: todo.count)
    let (sampling, preprocessing) = (sampling, encoder.preprocessing)
    let decoded = Prefetcher(count: todo.count, workers: 2, depth: 8) { index in
      Result { try ClipMedia(todo[index]).pictures(sampling) { try ImagePreprocessor.apply($0, preprocessing) } }
    }
    for item in todo {
      guard let pictures = try decoded.next() else { break }
      switch pictures {
      case .success(let frames):
        try writer.append(item.id, frames: encoder.encode(pixels: frames.flatMap { $0 }, count: frames.count))
      case .failure(let error): try writer.fail(item.id, "\(error)")
      }
      progress.advance(1)
    }
    progress.finish()
    return try writer.finish(order: dataset.allItems.map(\.id))
  }
}

/// Pictures decoded when they are asked for.
struct PixelInputs: TowerInputs {
  let items: [ItemKey: DatasetItem]
  let sampling: ClipSampling
  let preprocessing: ImagePreprocessing
  let make: @Sendable (inout SeededGenerator) throws -> any Trunk

  func trunk(_ generator: inout SeededGenerator) throws -> any Trunk { try make(&generator) }

  func count(of key: ItemKey) -> Int { items[key].map { ClipMedia($0).pictureCount(sampling) } ?? 0 }

  func input(_ views: [ItemView]) throws -> TowerInput {
    let side = preprocessing.crop
    var pixels = [Float](repeating: 0, count: views.count * 3 * side * side)
    // A film is opened once for all of its frames in the batch.
    for (key, places) in Dictionary(grouping: views.indices, by: { views[$0].key }) {
      guard let item = items[key] else { continue }
      let frames = try ClipMedia(item).pictures(sampling, numbers: places.map { views[$0].number }) {
        try ImagePreprocessor.apply($0, preprocessing)
      }
      for (place, frame) in zip(places, frames) {
        pixels.replaceSubrange(place * frame.count..<(place + 1) * frame.count, with: frame)
      }
    }
    return TowerInput(try Tensor(pixels, shape: [views.count, 3, side, side]))
  }
}
