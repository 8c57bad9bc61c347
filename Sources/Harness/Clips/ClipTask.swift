import Basics
import Datasets
import Foundation
import Models
import Ranking
import Tensors
import Weights

/// CLIP4Clip: CLIP's towers trained end to end on clips and texts, clips ranked by texts and the other way round.
struct ClipTask: CellTask {
  let cell: Experiment.Cell
  let clips: ClipsConfig
  let cache: Cache
  /// The evaluated dataset first.
  let datasets: [Dataset]
  /// Which dataset each source reads, and which the best epoch is chosen on.
  let sourceDatasets: [Int]
  let validationDataset: Int
  let imageWeights: String?
  let textWeights: String?
  /// Of the image tower, on the datasets that are trained on.
  let teacher: ImageTower?
  let sampling: FrameSampling
  let head: VideoHeadKind
  let modelValues: Parameters
  let imageValues: Parameters
  let textValues: Parameters
  let digests: CellResult.Digests

  var dataset: Dataset { datasets[0] }
  var config: CellConfig { cell.config }

  static let modelName = "clip4clip"
  static let modelParameters = [
    ParameterSpec(
      "head", default: .string("meanP"), "how frames become a similarity", choices: VideoHeadKind.allCases.map(\.rawValue)),
    ParameterSpec("layers", default: .int(4), "of a head that is a transformer"),
  ]
  /// Sizes of an image tower that starts at random.
  static let imageSizes = [
    ParameterSpec("side", default: .int(224), "side of the square input, in pixels"),
    ParameterSpec("patch", default: .int(32), "side of a patch"),
    ParameterSpec("width", default: .int(768), "of the transformer, a multiple of 64"),
    ParameterSpec("layers", default: .int(12), "of the transformer"),
    ParameterSpec("dimension", default: .int(512), "of the shared space"),
  ]
  /// Sizes of a text side that starts at random.
  static let textSizes = [
    ParameterSpec("width", default: .int(512), "of the transformer, a multiple of 64"),
    ParameterSpec("layers", default: .int(12), "of the transformer"),
    ParameterSpec("vocabulary", default: .int(4096), "most ids of a vocabulary learnt from the training texts"),
  ]
  static let textParameters = [
    ParameterSpec("words", default: .int(32), "most tokens of a text"),
    ParameterSpec(
      "tokenizer", default: .string(""), "vocabulary file; empty = beside the weights, or learnt from the training texts"),
  ]

  /// - Throws: ``IeumError`` naming everything that is missing at once: datasets, weights, vocabularies.
  init(_ cell: Experiment.Cell, _ clips: ClipsConfig, bench: Workbench) throws {
    var problems = ProblemList()
    let choices = [cell.config.dataset] + clips.sources.map(\.dataset) + [clips.validation ?? cell.config.dataset]
    var (datasets, places): ([Dataset], [Int]) = ([], [])
    for choice in choices {
      guard let dataset = problems.collect({ try bench.dataset(choice) }) else {
        places.append(0)
        continue
      }
      let known = datasets.firstIndex { $0.digest == dataset.digest && $0.name == dataset.name && $0.language == dataset.language }
      if known == nil { datasets.append(dataset) }
      places.append(known ?? datasets.count - 1)
    }
    imageWeights = problems.collect { try WeightCatalog.resolve(clips.image.weights, cache: bench.cache) } ?? nil
    textWeights = problems.collect { try WeightCatalog.resolve(clips.text.weights, cache: bench.cache) } ?? nil
    if let teacher = clips.distillation?.teacher {
      problems.collect { try WeightCatalog.resolve(teacher.weights, cache: bench.cache) }
    }
    problems.collect { try Self.check(cell.config, clips) }
    try problems.check()
    if let dataset = datasets.first { _ = try cell.config.evaluation.galleries(of: dataset) }
    let parts = FileNeed.parts(cell.config, datasets, sources: Array(places[1...clips.sources.count]), validation: places.last)
    for need in parts { problems.collect { try need.check() } }
    try problems.check()
    imageValues = try Self.values(clips.image, FilmFrames.parameters, Self.imageSizes)
    textValues = try Self.values(clips.text, Self.textParameters, Self.textSizes)
    sampling = try FrameSampling(name: imageValues.string("sampling"), frames: imageValues.int("frames"))
    modelValues = try Parameters(
      cell.config.model.parameters, specs: Self.modelParameters, owner: "model '\(Self.modelName)'")
    head = VideoHeadKind(rawValue: modelValues.string("head")) ?? .meanP
    (self.cell, self.clips, cache, self.datasets) = (cell, clips, bench.cache, datasets)
    sourceDatasets = Array(places[1...clips.sources.count])
    let taught = ClipTeacher.datasets(sourceDatasets).map { datasets[$0] }
    teacher = try clips.distillation.map {
      try ImageTower(ClipTeacher.choice($0, beside: clips.image), datasets: taught, cache: bench.cache)
    }
    validationDataset = places[places.count - 1]
    var digests = CellResult.Digests(
      textWeights: try textWeights.map { try bench.cache.digest(ofFile: $0) } ?? "random, trained here",
      imageWeights: try imageWeights.map { try bench.cache.digest(ofFile: $0) } ?? "random, trained here")
    // Sorted: the order in which sources are written down changes nothing.
    let others = Set(sourceDatasets).subtracting([0]).map { datasets[$0].digest }.sorted()
    digests.trainingData = others.isEmpty ? nil : others.joined(separator: ", ")
    digests.teacherWeights = teacher?.weightsDigest
    self.digests = digests
  }

  private static func check(_ config: CellConfig, _ clips: ClipsConfig) throws {
    guard config.model.name == modelName else {
      throw Suggestion.unknown("model", config.model.name, known: [modelName], place: "model.name")
    }
    let known = ["vit-b-32", "vit-b-16", "vit-l-14"]
    guard known.contains(clips.image.encoder) else {
      throw Suggestion.unknown("image tower", clips.image.encoder, known: known, place: "image.encoder")
    }
    guard ["clip-text", "clip-multilingual"].contains(clips.text.encoder) else {
      throw Suggestion.unknown(
        "text side", clips.text.encoder, known: ["clip-text", "clip-multilingual"], place: "text.encoder")
    }
    guard clips.text.encoder == "clip-text" || clips.text.weights != "random" else {
      throw IeumError(
        .usage, "'clip-multilingual' needs weights", place: "text.weights",
        remedy: "name some of `ieum models list`, or a file")
    }
    _ = try ClipRecipe(clips.recipe)
    if let teacher = clips.distillation?.teacher { _ = try ImageEncoderRegistry.named(teacher.encoder) }
    _ = try Metric.parse(clips.select)
    _ = try values(clips.image, FilmFrames.parameters, imageSizes)
    _ = try values(clips.text, textParameters, textSizes)
  }

  private static func values(
    _ choice: CellConfig.EncoderChoice, _ specs: [ParameterSpec], _ sizes: [ParameterSpec]
  ) throws -> Parameters {
    if choice.weights != "random", let size = sizes.first(where: { choice.parameters[$0.name] != nil }) {
      throw IeumError(
        .usage, "'\(choice.encoder)' takes its '\(size.name)' from its weights", place: "parameters", remedy: "leave it out")
    }
    return try Parameters(choice.parameters, specs: specs + sizes, owner: "encoder '\(choice.encoder)'")
  }

  /// A tight head scores pairs; the others' vectors meet as CLIP's do.
  func similarity() -> Similarity { head == .tight ? .dot : .cosine }

  var frames: Int { imageValues.int("frames") }
  var words: Int { textValues.int("words") }
  var tokenizer: String? { textValues.string("tokenizer").isEmpty ? nil : textValues.string("tokenizer") }

  /// The config beside a text side's weights.
  var textConfig: String? { textWeights.map { ($0 as NSString).deletingLastPathComponent + "/" + ClipTokens.configName } }

  /// What a batch leaves in memory for its gradients, roughly: some 34 numbers of 4 bytes for each channel of a token in
  /// each layer, and the attention between tokens. Towers with weights count as ViT-B/32's.
  var batchBytes: Int {
    func tower(tokens: Int, _ sizes: Parameters) -> Int {
      let width = sizes.int("width")
      return 4 * tokens * sizes.int("layers") * (34 * width + 2 * tokens * max(1, width / 64))
    }
    let patches = max(1, imageValues.int("side") / max(1, imageValues.int("patch")))
    let pair = frames * tower(tokens: patches * patches + 1, imageValues) + tower(tokens: words, textValues)
    let pairs = (try? ClipRecipe(clips.recipe))?.microBatch ?? 0
    return pair * (pairs > 0 ? min(pairs, config.training.batchSize) : config.training.batchSize)
  }

  /// What a training depends on, seed aside.
  var trainingKey: String {
    let settings = ["model", "training", "sources", "image", "text"].map { config.tree[$0]?.canonical ?? "{}" }
    let vocabulary = tokenizer.flatMap { try? cache.digest(ofFile: $0) } ?? ""
    // What is evaluated on does not matter here: cells of several languages share one training.
    let data = (sourceDatasets + [validationDataset]).map { datasets[$0].digest + datasets[$0].language }
    let taught = teacher.map { "taught by \($0.digest)" }
    let weights = [digests.textWeights, digests.imageWeights, taught].compactMap { $0 }
    return Digest.of(
      (["clips 3", Provenance.codeVersion, clips.select, vocabulary] + data + settings + weights).joined(separator: "\n"))
  }

  var digest: String { rankingDigest() }

  var notes: [String] {
    let weights = [clips.image.weights, clips.text.weights].compactMap { WeightCatalog.named($0)?.footnote }
    var notes = Array(Set(weights)).sorted()
    if imageWeights == nil { notes.append("image tower trained here from random weights, not CLIP's") }
    if let teacher, let name = clips.distillation?.teacher.encoder {
      notes.append("image tower taught by the features of \(name), which is frozen and not used after training")
      notes += teacher.notes
    }
    if textWeights == nil { notes.append("text side trained here from random weights, not CLIP's") }
    return notes
      + missingFiles(of: datasets)
  }

  var trainedOn: [(dataset: Dataset, splits: [Split])] {
    zip(clips.sources, sourceDatasets).map { (datasets[$1], $0.splits) }
  }
  var itemsPerEpoch: Int {
    zip(clips.sources, trainedOn).reduce(0) { $0 + $1.0.repeats * $1.1.dataset.count(in: $1.1.splits) }
  }
  var validatedOn: Dataset { datasets[validationDataset] }

  /// Side of the stored pictures: where parts of them are trained on, an eighth larger than the network's.
  func storedSide(_ side: Int) -> Int { clips.augmentation.isOn ? Self.enlarged(side) : side }

  static func enlarged(_ side: Int) -> Int { side + side / 8 }

  /// The network's input, as far as it is known without reading weights.
  private var expectedSide: Int { imageValues.int("side") }

  var featurePaths: [String] {
    datasets.compactMap {
      ClipPixels.path($0, side: storedSide(expectedSide), sampling: sampling, cache: cache)
    } + (teacher?.featurePaths ?? [])
  }

  func prepare(_ progress: Progress) throws {
    for dataset in datasets {
      _ = try ClipPixels(dataset, side: storedSide(expectedSide), sampling: sampling, cache: cache, progress: progress)
    }
    guard let teacher else { return }
    let extractions = teacher.featurePaths.map { Extraction(file: $0) }
    _ = try Rates(cache: cache).noting(extractions) { try teacher.files(progress) }
  }

  func compute(seeds: [Int], folder: (Int) -> String, progress: Progress) throws {
    let start = ContinuousClock.now
    let towers = try ClipTowerFiles(self)
    let data = try ClipData(self, side: towers.side, texts: towers.tokens, progress: progress)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    for seed in seeds {
      let training = cache.run(digest: Digest.of(trainingKey + " seed \(seed)"))
      try ClipRun(
        task: self, towers: towers, data: data, seed: seed, folder: folder(seed), trainingFolder: training,
        featureSeconds: seconds
      ).compute()
    }
  }
}
