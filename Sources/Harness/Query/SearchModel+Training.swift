import Basics
import Datasets
import Foundation
import Models

extension SearchModel {
  /// Trains the first cell whose label contains `pattern`, or takes it from the cache.
  /// - Throws: ``IeumError``: usage for a cell that search cannot use, data for what is missing.
  public static func trained(
    _ file: String, cell pattern: String? = nil, bench: Workbench = Workbench()
  ) throws -> SearchModel {
    let (experiment, cell) = try Self.cell(of: file, pattern)
    let runner = CellRunner(cell: cell, bench: bench, progress: Progress())
    try runner.run()
    return try model(experiment, runner, file)
  }

  /// The same where it is trained already; nil where it is not, or its data or weights are missing.
  public static func cached(
    _ file: String, cell pattern: String? = nil, bench: Workbench = Workbench()
  ) throws -> SearchModel? {
    let (experiment, cell) = try Self.cell(of: file, pattern)
    // Loading a dataset may make its films; without their frames nothing was trained.
    if cell.config.clips != nil, !ClipPixels.areStored(cell.config.dataset.name, cache: bench.cache) { return nil }
    let runner = CellRunner(cell: cell, bench: bench, progress: Progress())
    guard try runner.missing().isEmpty, let seed = cell.config.seeds.first,
      try !runner.missingSeeds(runner.task()).contains(seed)
    else { return nil }
    return try model(experiment, runner, file)
  }

  private static func cell(of file: String, _ pattern: String?) throws -> (Experiment, Experiment.Cell) {
    let experiment = try Experiment.load(file)
    let cells = experiment.cells.filter { cell in
      guard let pattern else { return true }
      return "\(cell.table)/\(cell.row)/\(cell.column) \(cell.id)".localizedCaseInsensitiveContains(pattern)
    }
    guard let cell = cells.first else {
      throw IeumError(
        .usage, "no cell matches '\(pattern ?? "")'", file: file, place: "--cell", remedy: "see `ieum plan \(file)`")
    }
    guard cell.config.towers != nil || cell.config.clips != nil else {
      throw IeumError(
        .usage, "search needs a model that embeds texts and pictures apart (task: towers or clips)", file: file,
        remedy: "see experiments/search.yaml")
    }
    if let towers = cell.config.towers { try check(towers, file) }
    if let head = cell.config.model.parameters["head"], "\(head)" == VideoHeadKind.tight.rawValue {
      throw IeumError(
        .usage, "a 'tight' head scores pairs and makes no vectors to search", file: file, place: "model.parameters.head",
        remedy: "use meanP, seqLSTM or seqTransf")
    }
    return (experiment, cell)
  }

  private static func model(_ experiment: Experiment, _ runner: CellRunner, _ file: String) throws -> SearchModel {
    let (task, cache) = (try runner.task(), runner.bench.cache)
    let seed = runner.cell.config.seeds.first ?? 1
    let score = RunRecord.read(runner.folder(task, seed: seed))?.chosen?[RunRecord.validationScore]
    let origin = Origin(experiment: experiment, cell: runner.cell, seed: seed, score: score)
    if let task = task as? TowerTask { return try origin.model(of: task, cache: cache) }
    if let task = task as? ClipTask { return try origin.model(of: task, cache: cache) }
    throw IeumError(.usage, "its task has no model to search with", file: file)
  }

  private static func check(_ towers: TowersConfig, _ file: String) throws {
    let (text, image) = (towers.encoder(.text), towers.encoder(.image))
    guard ["bert", "bert-ngrams", "word2vec"].contains(text.encoder), !text.train else {
      throw IeumError(
        .usage, "search cannot encode new sentences with '\(text.encoder)' trained here", file: file, place: "text",
        remedy: "use a frozen bert, bert-ngrams or word2vec")
    }
    guard !image.train, !image.encoder.isEmpty, image.encoder != StoredTower.name else {
      throw IeumError(.usage, "search needs a frozen image encoder", file: file, place: "image")
    }
    guard towers.towers[.audio]?.encoder != StoredTower.name else {
      throw IeumError(
        .usage, "search cannot encode new sounds as stored features", file: file, place: "audio",
        remedy: "use log-mel or resnet18-audio")
    }
  }
}

/// Where a model comes from: what its card says of it.
private struct Origin {
  let experiment: Experiment
  let cell: Experiment.Cell
  let seed: Int
  let score: Double?

  private func encoder(
    _ choice: CellConfig.EncoderChoice, digest: String, more: [String: String] = [:]
  ) -> SearchModel.Encoder {
    SearchModel.Encoder(
      encoder: choice.encoder, weights: choice.weights, weightsDigest: digest, seed: choice.seed,
      parameters: choice.parameters.mapValues(\.description).merging(more) { $1 })
  }

  private func card(
    _ kind: SearchModel.Kind, text: SearchModel.Encoder, image: SearchModel.Encoder,
    audio: SearchModel.Encoder? = nil, model: [String: String], singleFrames: Bool, trainedOn: [String]
  ) -> SearchModel.Card {
    SearchModel.Card(
      kind: kind, title: experiment.title, experiment: experiment.name, cell: cell.id, seed: seed,
      language: cell.config.dataset.language, text: text, image: image, audio: audio, model: cell.config.model.name,
      modelParameters: model, singleFrames: singleFrames, validationScore: score,
      trainedOn: Array(Set(trainedOn)).sorted(), digest: "")
  }

  func model(of task: TowerTask, cache: Cache) throws -> SearchModel {
    let folder = cache.run(digest: Digest.of(task.trainingKey + " seed \(seed)"))
    let (text, image) = (task.towers.encoder(.text), task.towers.encoder(.image))
    let audio = task.towers.towers[.audio].map { choice in
      encoder(
        choice, digest: task.sides[.audio]?.weightsDigest ?? "",
        more: choice.train ? [QuerySounds.trainedKey: "true"] : [:])
    }
    let card = card(
      .towers, text: encoder(text, digest: task.sides[.text]?.weightsDigest ?? ""),
      image: encoder(image, digest: task.sides[.image]?.weightsDigest ?? ""), audio: audio,
      model: cell.config.model.parameters.mapValues(\.description), singleFrames: task.towers.trainsOnSingleFrames,
      trainedOn: task.sourceDatasets.map { task.datasets[$0].name })
    return try SearchModel(card, checkpoint: folder + "/checkpoint.safetensors", cache: cache)
  }

  func model(of task: ClipTask, cache: Cache) throws -> SearchModel {
    let folder = cache.run(digest: Digest.of(task.trainingKey + " seed \(seed)"))
    let image = [
      "frames": "\(task.frames)", "sampling": task.imageValues.string("sampling"),
      ClipQueryEncoder.enlargedKey: "\(task.clips.augmentation.isOn)",
    ]
    let merges = (name: ClipTokens.mergesName, path: folder + "/" + ClipTokens.mergesName)
    var files = try ClipTokens.files(task) ?? [merges]
    // Heads and activation of weights that are not CLIP's own sizes stand beside them alone.
    if let config = task.imageWeights.map({ ($0 as NSString).deletingLastPathComponent + "/config.json" }),
      FileManager.default.fileExists(atPath: config)
    {
      files.append((ClipQueryEncoder.imageConfigName, config))
    }
    let text = [
      "words": "\(task.words)", SearchModel.filesKey: files.map { $0.name }.joined(separator: ","),
    ]
    let model = ["head": task.head.rawValue, "layers": "\(task.modelValues.int("layers"))"]
    let card = card(
      .clips, text: encoder(task.clips.text, digest: task.digests.textWeights ?? "", more: text),
      image: encoder(task.clips.image, digest: task.digests.imageWeights ?? "", more: image), model: model,
      singleFrames: false, trainedOn: task.sourceDatasets.map { task.datasets[$0].name })
    return try SearchModel(card, checkpoint: folder + "/checkpoint.safetensors", files: files, cache: cache)
  }
}
