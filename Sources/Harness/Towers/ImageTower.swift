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
  private let choice: CellConfig.EncoderChoice
  private let weights: String?
  private let sampling: FrameSampling
  private let datasets: [Dataset]
  private let cache: Cache

  init(_ choice: CellConfig.EncoderChoice, datasets: [Dataset], cache: Cache) throws {
    spec = try ImageEncoderRegistry.named(choice.encoder)
    let values = try Parameters(
      choice.parameters, specs: FilmFrames.parameters, owner: "encoder '\(choice.encoder)'")
    sampling = try FrameSampling(name: values.string("sampling"), frames: values.int("frames"))
    weights = try WeightCatalog.resolve(choice.weights, cache: cache)
    weightsDigest = try weights.map { try cache.digest(ofFile: $0) } ?? "random:\(choice.seed)"
    let parts = ["\(spec.name) \(spec.codeVersion) \(spec.preprocessing) \(weightsDigest)"]
    let encoder = Digest.of((parts + choice.precision.digestParts).joined(separator: " "))
    digest = FilmFrames.digest(encoder, sampling) + (choice.train ? " learnt" : "")
    (self.choice, self.datasets, self.cache) = (choice, datasets, cache)
  }

  var notes: [String] {
    if let entry = WeightCatalog.named(choice.weights) { return [entry.footnote] }
    guard choice.weights == "random" else { return [] }
    return ["\(spec.name) \(choice.train ? "starts from" : "runs with") seeded random weights, not ImageNet's"]
  }

  var featurePaths: [String] { choice.train ? [] : datasets.map(path) }

  private func path(_ dataset: Dataset) -> String {
    cache.features(
      dataset: dataset.name, encoder: "\(spec.name)-frames", digest: Digest.of(dataset.digest + digest))
  }

  func inputs(_ progress: Progress) throws -> any TowerInputs {
    if choice.train { return try pixels(progress) }
    let files = try files(progress)
    var inputs = StoredInputs(dimension: files.first?.dimension ?? spec.dimension)
    for (number, file) in files.enumerated() {
      for id in file.ids { inputs.add(ItemKey(dataset: number, id: id), file.vectors(of: id) ?? []) }
      inputs.addErrors(of: file, datasets[number], number: number)
    }
    return inputs
  }

  /// The feature file of each dataset, extracted first where it is missing.
  func files(_ progress: Progress) throws -> [FeatureFile] { try datasets.map { try file($0, progress) } }

  // A training on pictures needs every item's number of frames, so that films that cannot be opened are known at once.
  private func pixels(_ progress: Progress) throws -> PixelInputs {
    var (items, counts): ([ItemKey: DatasetItem], [ItemKey: Int]) = ([:], [:])
    var unreadable: [ItemKey: String] = [:]
    for (number, dataset) in datasets.enumerated() {
      let known = try MediaCounts(dataset, "frames \(sampling)", cache: cache, progress: progress) { [sampling] item in
        try ClipMedia(item).pictureCount(sampling)
      }
      for item in dataset.allItems {
        let key = ItemKey(dataset: number, id: item.id)
        if let count = known.counts[item.id], count > 0 { (items[key], counts[key]) = (item, count) }
        if let reason = known.errors[item.id], !SkippedItems.isNothing(reason) { unreadable[key] = reason }
      }
    }
    let (spec, weights, seed) = (spec, weights, UInt64(choice.seed))
    return PixelInputs(
      items: items, counts: counts, unreadable: unreadable, sampling: sampling, preprocessing: spec.preprocessing
    ) { generator in
      ImageTrunk(try Self.network(spec, weights: weights, seed: seed, &generator), dimension: spec.dimension)
    }
  }

  /// A network to train on, from a weight file or from random weights.
  static func network(
    _ spec: ImageEncoderSpec, weights: String?, seed: UInt64, _ generator: inout SeededGenerator
  ) throws -> any ImageNetwork {
    guard let weights else {
      var fixed = seed == 0 ? generator : SeededGenerator(seed: seed, purpose: "encoder/\(spec.name)")
      let network = try spec.make(&fixed)
      if seed == 0 { generator = fixed }
      return network
    }
    let file = try WeightFile.read(weights)
    return try spec.make(spec.normalise(file.tensors, file: weights), file: weights)
  }

  private func file(_ dataset: Dataset, _ progress: Progress) throws -> FeatureFile {
    let path = path(dataset)
    return try cache.features(at: path) {
      let encoder = try ImageEncoder.load(
        spec, weights: weights, seed: UInt64(choice.seed), device: choice.device, precision: choice.precision)
      if let slowdown = encoder.slowdown { progress.note("ieum: \(slowdown)") }
      return try FilmFrames(encoder, sampling: sampling).file(
        for: dataset, parts: dataset.allItems.map(MediaPart.seen), at: path, progress: progress)
    }
  }
}

/// Pictures decoded when they are asked for.
struct PixelInputs: TowerInputs {
  let items: [ItemKey: DatasetItem]
  let counts: [ItemKey: Int]
  let unreadable: [ItemKey: String]
  let sampling: FrameSampling
  let preprocessing: ImagePreprocessing
  let make: @Sendable (inout SeededGenerator) throws -> any Trunk

  func trunk(_ generator: inout SeededGenerator) throws -> any Trunk { try make(&generator) }

  func count(of key: ItemKey) -> Int { counts[key] ?? 0 }

  func input(_ views: [ItemView]) throws -> TowerRows {
    let side = preprocessing.crop
    var pixels = [Float](repeating: 0, count: views.count * 3 * side * side)
    var failures: [Int: String] = [:]
    // A film is opened once for all of its frames in the batch.
    for (key, places) in Dictionary(grouping: views.indices, by: { views[$0].key }) {
      guard let item = items[key] else { continue }
      do {
        let frames = try ClipMedia(item).pictures(sampling, numbers: places.map { views[$0].number }) {
          try ImagePreprocessor.apply($0, preprocessing)
        }
        for (place, frame) in zip(places, frames) {
          pixels.replaceSubrange(place * frame.count..<(place + 1) * frame.count, with: frame)
        }
      } catch let error as IeumError where error.kind == .data {
        for place in places { failures[place] = SkippedItems.reason(error) }
      }
    }
    return TowerRows(TowerInput(try Tensor(pixels, shape: [views.count, 3, side, side])), failures: failures)
  }
}
