import Basics
import Datasets
import Foundation
import Models
import Tensors

/// The audio side of a cell of towers: stretches of an item's sound through a trained network, or stored features.
struct SoundTower: TowerSide {
  let digest: String
  let weightsDigest: String
  private let choice: CellConfig.EncoderChoice
  private let weights: String?
  private let datasets: [Dataset]
  private let cache: Cache
  private let stretches: SoundStretches?

  init(_ choice: CellConfig.EncoderChoice, datasets: [Dataset], cache: Cache) throws {
    let owner = "encoder '\(choice.encoder)'"
    let spec = try AudioEncoderRegistry.named(choice.encoder)
    let values = try Parameters(choice.parameters, specs: spec.parameters, owner: owner)
    weights = try WeightCatalog.resolve(choice.weights, cache: cache)
    stretches =
      spec.dimension == nil
      ? nil : try SoundStretches(values, logMel: LogMel(MelSettings(values, owner: owner)), owner: owner)
    guard !choice.train || stretches != nil else {
      throw IeumError(
        .usage, "'\(choice.encoder)' has nothing to learn", place: "audio.train", remedy: "use resnet18-audio")
    }
    weightsDigest = try weights.map { try cache.digest(ofFile: $0) } ?? "random:\(choice.seed)"
    let settings = values.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    digest = Digest.of("sound \(choice.encoder) 1 \(settings) \(weightsDigest) \(choice.train)")
    (self.choice, self.datasets, self.cache) = (choice, datasets, cache)
  }

  var notes: [String] {
    if let entry = WeightCatalog.named(choice.weights) { return ["sound: " + entry.footnote] }
    guard stretches != nil, choice.weights == "random" else { return [] }
    return ["\(choice.encoder) \(choice.train ? "starts from" : "runs with") seeded random weights, not ImageNet's"]
  }

  var featurePaths: [String] {
    guard !choice.train, let features = try? SoundFeatures(choice, cache: cache) else { return [] }
    return datasets.map { features.path($0, cache) }
  }

  func inputs(_ progress: Progress) throws -> any TowerInputs {
    if choice.train, let stretches { return try spectrograms(stretches, progress) }
    let features = try SoundFeatures(choice, cache: cache)
    let files = try datasets.map { try features.file(for: $0, cache: cache, progress: progress) }
    let width = files.first?.dimension ?? 1
    var inputs = StoredInputs(dimension: stretches == nil ? 2 * width : width)
    for (number, file) in files.enumerated() {
      for id in file.ids {
        let vectors = Array(file.vectors(of: id) ?? [])
        inputs.add(ItemKey(dataset: number, id: id), stretches == nil ? Self.statistics(vectors, width) : vectors)
      }
      inputs.addErrors(of: file, datasets[number], number: number)
    }
    return inputs
  }

  /// Mean and deviation over time of every mel filter: what a spectrogram says without any network.
  static func statistics(_ spectrogram: [Float], _ mels: Int) -> [Float] {
    let count = Double(max(1, spectrogram.count / mels))
    var (sums, squares) = ([Double](repeating: 0, count: mels), [Double](repeating: 0, count: mels))
    for (place, value) in spectrogram.enumerated() {
      sums[place % mels] += Double(value)
      squares[place % mels] += Double(value) * Double(value)
    }
    let means = sums.map { $0 / count }
    let deviations = zip(squares, means).map { max(0, $0 / count - $1 * $1).squareRoot() }
    return (means + deviations).map(Float.init)
  }

  private func spectrograms(_ stretches: SoundStretches, _ progress: Progress) throws -> SpectrogramInputs {
    var (parts, unreadable): ([ItemKey: MediaPart], [ItemKey: String]) = ([:], [:])
    for (number, dataset) in datasets.enumerated() {
      let heard = try MediaCounts(dataset, "sound", cache: cache, progress: progress) {
        try Self.hasSound(MediaPart.heard($0)) ? 1 : 0
      }
      for item in dataset.allItems {
        let key = ItemKey(dataset: number, id: item.id)
        if heard.counts[item.id] == 1 { parts[key] = MediaPart.heard(item) }
        if let reason = heard.errors[item.id] { unreadable[key] = reason }
      }
    }
    let (weights, seed) = (weights, UInt64(choice.seed))
    return SpectrogramInputs(parts: parts, unreadable: unreadable, stretches: stretches) { generator in
      let spec = try ImageEncoderRegistry.named("resnet18")
      let network = try ImageTower.network(spec, weights: weights, seed: seed, &generator)
      return try SpectrogramTrunk(network, dimension: spec.dimension)
    }
  }

  /// Whether an item has a sound; all of it is read once, so that broken ones are told apart before training.
  /// - Throws: ``IeumError`` (data) for a sound that cannot be read.
  private static func hasSound(_ part: MediaPart) throws -> Bool {
    guard case .file(let path, let start, let end) = part.source else { return false }
    guard try MediaContent(of: path).hasSound else { return false }
    _ = try Sound.read(path, start: start, end: end)
    return true
  }
}

/// Log-mel pictures of stretches of sound, decoded when they are asked for: `[N, 1, mels, time]`.
struct SpectrogramInputs: TowerInputs {
  let parts: [ItemKey: MediaPart]
  let unreadable: [ItemKey: String]
  let stretches: SoundStretches
  let make: @Sendable (inout SeededGenerator) throws -> any Trunk

  func trunk(_ generator: inout SeededGenerator) throws -> any Trunk { try make(&generator) }

  func count(of key: ItemKey) -> Int { parts[key] == nil ? 0 : stretches.count }

  func input(_ views: [ItemView]) throws -> TowerRows {
    var pictures = [[Float]?](repeating: nil, count: views.count)
    var failures: [Int: String] = [:]
    for (key, places) in Dictionary(grouping: views.indices, by: { views[$0].key }) {
      guard let part = parts[key] else { continue }
      do {
        let read = try stretches.pictures(of: part, numbers: places.map { views[$0].number })
        for (place, picture) in zip(places, read) { pictures[place] = picture }
      } catch let error as IeumError where error.kind == .data {
        for place in places { failures[place] = SkippedItems.reason(error) }
      }
    }
    let size = try pictures.compactMap { $0?.count }.first ?? stretches.pictureSize()
    let values = pictures.flatMap { $0 ?? [Float](repeating: 0, count: size) }
    let shape = [views.count, 1, stretches.mels, size / stretches.mels]
    return TowerRows(TowerInput(try Tensor(values, shape: shape)), failures: failures)
  }
}
