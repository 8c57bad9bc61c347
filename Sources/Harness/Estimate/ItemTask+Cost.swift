import Basics
import Datasets
import Models
import Tensors

// What an item task's parts cost.
extension ItemTask {
  func extractions() throws -> [Extraction] {
    [image.extraction(dataset, cache), text.extraction(dataset, cache)].compactMap { $0 }
  }

  /// - Throws: ``IeumError`` where the model cannot be made.
  func trainingProbe() throws -> Double? {
    guard cell.config.model.name != KNNBaseline.name else { return 0 }
    // A probe counts a processor's seconds.
    guard cell.config.training.device == .cpu else { return nil }
    let spec = try JointModelRegistry.named(cell.config.model.name)
    guard spec.isTrainable, !cell.config.image.train else { return spec.isTrainable ? nil : 0 }
    let side = try text.path(dataset, cache) == nil ? text.inputs(for: dataset, cache: cache, progress: Progress()) : nil
    var trained: TrainedSide?
    if case .trained(let inputs)? = side { trained = inputs }
    let threads = TensorRuntime.threads
    defer { try? Engine.use(threads: threads) }
    try Engine.use(threads: cell.config.training.threads)
    return try Probe.training(
      cell.config.model, inputs: .init(text: trained?.dimension ?? text.likelyDimension, image: image.spec.dimension),
      text: trained, settings: SeedRun.settings(cell.config, seed: 1, isTrainable: true))
  }
}

extension ImageFeatures {
  /// Nil where the network learns with the joint model.
  func extraction(_ dataset: Dataset, _ cache: Cache) -> Extraction? {
    guard let path = path(dataset, cache) else { return nil }
    let paths = dataset.allItems.flatMap(\.imagePaths)
    return Extraction(
      path: path,
      work: work(dataset, dataset.hasFilms || device != .cpu ? nil : { try Probe.pictures(spec, precision: precision, paths: paths) }))
  }

  /// Units are pictures, or films.
  private func work(_ dataset: Dataset, _ probe: (() throws -> Double?)?) -> RatedWork {
    let units = dataset.hasFilms ? dataset.allItems.count : dataset.allItems.reduce(0) { $0 + $1.imagePaths.count }
    let sampled = dataset.hasFilms ? " \(sampling)" : ""
    return RatedWork(
      kind: "extract \(spec.name) \(precision.rawValue) from \(dataset.name)\(sampled)\(device.inRates)",
      units: Double(units), probe: probe)
  }
}

extension TextSource {
  /// Nil where the network learns with the joint model.
  func extraction(_ dataset: Dataset, _ cache: Cache) -> Extraction? {
    guard let path = path(dataset, cache) else { return nil }
    let kind = "extract \(name) \(weightsDigest.prefix(12)) \(precision.rawValue) from \(dataset.name)\(device.inRates)"
    let items = Double(dataset.allItems.count)
    return Extraction(
      path: path, work: RatedWork(kind: kind, units: items, probe: device == .cpu ? { try probe(dataset) } : nil))
  }

  private func probe(_ dataset: Dataset) throws -> Double {
    let encoder = try opened(language: dataset.language)
    let items = dataset.allItems
    let some = try stride(from: 0, to: items.count, by: max(1, items.count / 64)).map { try dataset.text(of: items[$0]) }
    return try Probe.seconds(per: some.count) { _ = try encoder.vectors(some) }
  }
}
