import Basics
import Datasets

/// Item-to-item retrieval with one vector per item from its text and images (hong2022).
struct ItemTask: CellTask {
  let cell: Experiment.Cell
  let cache: Cache
  let dataset: Dataset
  let text: TextSource
  let image: ImageFeatures

  var config: CellConfig { cell.config }

  init(_ cell: Experiment.Cell, bench: Workbench) throws {
    self.cell = cell
    cache = bench.cache
    dataset = try bench.dataset(cell.config.dataset)
    text = try TextSource(cell.config.text, dataset: dataset, cache: bench.cache)
    image = try ImageFeatures(cell.config.image, cache: bench.cache)
  }

  var digest: String {
    let settings = ["model", "loss", "training", "evaluation"].map { config.tree[$0]?.canonical ?? "{}" }
    return Digest.of(
      ([Provenance.codeVersion, dataset.digest, text.digest, image.digest] + settings).joined(separator: "\n"))
  }

  var featurePaths: [String] {
    [text.path(dataset, cache), image.path(dataset, cache)].compactMap { $0 }
  }

  var digests: CellResult.Digests {
    CellResult.Digests(
      textFeatures: text.digest, imageFeatures: image.digest, textWeights: text.weightsDigest,
      imageWeights: image.weightsDigest)
  }

  var notes: [String] {
    let (text, image) = (config.text, config.image)
    var notes: [String] = []
    if image.weights == "random", !image.train {
      notes.append("\(image.encoder) runs with seeded random weights, not ImageNet's")
    } else if image.weights == "random" {
      notes.append("\(image.encoder) is learnt here from random weights")
    }
    if text.weights == "random" { notes.append("\(text.encoder) is learnt here from random weights") }
    notes += [image, text].compactMap { choice in
      WeightCatalog.named(choice.weights).map { $0.footnote + (choice.train ? ", fine-tuned here" : "") }
    }
    return notes
  }

  func prepare(_ progress: Progress) throws {
    let rates = Rates(cache: cache)
    if let extraction = image.extraction(dataset, cache) {
      _ = try rates.noting([extraction]) { try image.inputs(for: dataset, cache: cache, progress: progress) }
    }
    if let extraction = text.extraction(dataset, cache) {
      _ = try rates.noting([extraction]) { try text.inputs(for: dataset, cache: cache, progress: progress) }
    }
  }

  func compute(seeds: [Int], folder: (Int) -> String, progress: Progress) throws {
    let clock = ContinuousClock()
    let start = clock.now
    let image = try image.inputs(for: dataset, cache: cache, progress: progress)
    let words = try text.inputs(for: dataset, cache: cache, progress: progress)
    let split = Split(rawValue: config.evaluation.split) ?? .test
    let data = try JointData(dataset, text: words, image: image, split: split)
    let features = (clock.now - start) / .seconds(1)
    for seed in seeds {
      try SeedRun(
        cell: cell, seed: seed, data: data, folder: folder(seed), featureSeconds: features
      ).compute()
    }
  }
}
