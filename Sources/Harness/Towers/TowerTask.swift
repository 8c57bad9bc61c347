import Basics
import Datasets
import Models
import Ranking

/// Retrieval between modalities in one space: towers trained on pairs, clips ranked by texts and the other way round.
struct TowerTask: CellTask {
  let cell: Experiment.Cell
  let towers: TowersConfig
  let cache: Cache
  /// The evaluated dataset first.
  let datasets: [Dataset]
  /// Which dataset each source reads, and which the best epoch is chosen on.
  let sourceDatasets: [Int]
  let validationDataset: Int
  let sides: [Modality: any TowerSide]

  var dataset: Dataset { datasets[0] }
  var config: CellConfig { cell.config }

  /// - Throws: ``IeumError`` naming everything that is missing at once: datasets, weights, feature files.
  init(_ cell: Experiment.Cell, _ towers: TowersConfig, bench: Workbench) throws {
    let choices = [cell.config.dataset] + towers.sources.map(\.dataset) + [towers.validation ?? cell.config.dataset]
    var problems = ProblemList()
    var places: [Int] = []
    var datasets: [Dataset] = []
    for choice in choices {
      guard let dataset = problems.collect({ try bench.dataset(choice) }) else {
        places.append(0)
        continue
      }
      // A dataset's digest is that of its files: its languages share it.
      let known = datasets.firstIndex {
        $0.digest == dataset.digest && $0.name == dataset.name && $0.language == dataset.language
      }
      if known == nil { datasets.append(dataset) }
      places.append(known ?? datasets.count - 1)
    }
    var sides: [Modality: any TowerSide] = [:]
    for (modality, tower) in towers.towers.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      sides[modality] = problems.collect { try Self.side(modality, tower, datasets, bench.cache) }
    }
    problems.collect { try Self.check(cell.config, towers) }
    if problems.isEmpty, let dataset = datasets.first {
      problems.collect { try cell.config.evaluation.galleries(of: dataset) }
      for need in Self.needs(cell.config, towers, datasets, places) { problems.collect { try need.check() } }
    }
    try problems.check()
    (self.cell, self.towers, cache, self.datasets, self.sides) = (cell, towers, bench.cache, datasets, sides)
    sourceDatasets = Array(places[1...towers.sources.count])
    validationDataset = places[places.count - 1]
  }

  private static func side(
    _ modality: Modality, _ choice: CellConfig.EncoderChoice, _ datasets: [Dataset], _ cache: Cache
  ) throws -> any TowerSide {
    if choice.encoder == StoredTower.name {
      return try StoredTower(choice, modality: modality.rawValue, datasets: datasets, cache: cache)
    }
    switch modality {
    case .text: return try TextTower(choice, datasets: datasets, cache: cache)
    case .audio: return try SoundTower(choice, datasets: datasets, cache: cache)
    case .image, .video: return try ImageTower(choice, datasets: datasets, cache: cache)
    }
  }

  /// The parts whose files are read; stored features need none.
  private static func needs(
    _ config: CellConfig, _ towers: TowersConfig, _ datasets: [Dataset], _ places: [Int]
  ) -> [FileNeed] {
    func isRead(_ modality: Modality) -> Bool { towers.towers[modality].map { $0.encoder != StoredTower.name } ?? false }
    let reading = zip(towers.sources, places[1...towers.sources.count]).filter { source, _ in
      [source.first, source.second].contains { $0 != .text && isRead($0) }
    }
    let ranks = isRead(.image) || (isRead(.audio) && towers.towers[.image] == nil)
    return FileNeed.parts(
      config, datasets, sources: reading.map(\.1), validation: ranks ? places.last : nil, evaluates: ranks)
  }

  private static func check(_ config: CellConfig, _ towers: TowersConfig) throws {
    let spec = try TowerModelRegistry.named(config.model.name)
    _ = try Parameters(config.model.parameters, specs: spec.parameters, owner: "model '\(spec.name)'")
    _ = try LossRegistry.named(config.loss.name).loss(config.loss.parameters)
    _ = try Metric.parse(towers.select)
    if config.loss.mining != nil {
      throw IeumError(
        .usage, "'mining' is for losses on triplets", place: "loss.mining", remedy: "set loss.parameters.mining")
    }
    let wanted = Set(towers.sources.flatMap { [$0.first, $0.second] } + spec.required)
    if let missing = wanted.first(where: { towers.towers[$0] == nil }) {
      throw IeumError(
        .usage, "a source or the model reads \(missing.rawValue), but there is no encoder for it",
        place: missing.rawValue, remedy: "add the section '\(missing.rawValue):'")
    }
  }

  var trainedOn: [(dataset: Dataset, splits: [Split])] {
    zip(towers.sources, sourceDatasets).map { (datasets[$1], $0.splits) }
  }
  var validatedOn: Dataset { datasets[validationDataset] }

  /// What a training depends on, seed aside.
  var trainingKey: String {
    let settings = ["model", "loss", "training", "sources"].map { config.tree[$0]?.canonical ?? "{}" }
    // What is evaluated on does not matter here: cells of several languages share one training.
    let read = sourceDatasets + [validationDataset]
    let data = read.map { datasets[$0].digest + datasets[$0].language }
    let encoders = encoders { $0.digest(reading: read) }
    return Digest.of(
      (["towers 3", Provenance.codeVersion, towers.select] + data + encoders + settings).joined(separator: "\n"))
  }

  var digest: String { rankingDigest(encoders { $0.digest }) }

  private func encoders(_ digest: (any TowerSide) -> String) -> [String] {
    sides.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key) \(digest($0.value))" }
  }

  var featurePaths: [String] { sides.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap(\.value.featurePaths) }

  var digests: CellResult.Digests {
    var digests = CellResult.Digests(
      textFeatures: sides[.text]?.digest, imageFeatures: sides[.image]?.digest,
      textWeights: sides[.text]?.weightsDigest, imageWeights: sides[.image]?.weightsDigest)
    (digests.audioFeatures, digests.audioWeights) = (sides[.audio]?.digest, sides[.audio]?.weightsDigest)
    // Sorted: the order in which sources are written down changes nothing.
    let others = Set(sourceDatasets).subtracting([0]).map { datasets[$0].digest }.sorted()
    digests.trainingData = others.isEmpty ? nil : others.joined(separator: ", ")
    return digests
  }

  var notes: [String] {
    sides.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap(\.value.notes)
      + missingFiles(of: datasets)
  }

  func prepare(_ progress: Progress) throws {
    for (_, side) in sides.sorted(by: { $0.key.rawValue < $1.key.rawValue })
    where !side.featurePaths.isEmpty {
      _ = try Rates(cache: cache).noting(side.featurePaths.map { Extraction(file: $0) }) { try side.inputs(progress) }
    }
  }

  func compute(seeds: [Int], folder: (Int) -> String, progress: Progress) throws {
    let start = ContinuousClock.now
    let data = try TowerData(self, progress: progress)
    let features = (ContinuousClock.now - start) / .seconds(1)
    for seed in seeds {
      let training = cache.run(digest: Digest.of(trainingKey + " seed \(seed)"))
      try TowerRun(
        task: self, data: data, seed: seed, folder: folder(seed), trainingFolder: training, featureSeconds: features
      ).compute()
    }
  }
}
