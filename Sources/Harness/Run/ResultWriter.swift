import Basics
import Datasets
import Foundation

/// Gathers a cell's runs from the cache into `results/<experiment>/cells/<cell-id>/`.
struct ResultWriter {
  let experiment: Experiment
  let cell: Experiment.Cell
  let bench: Workbench
  let results: String

  private var folder: String { "\(results)/cells/\(cell.id)" }

  private var runner: CellRunner {
    CellRunner(cell: cell, bench: bench, progress: Progress())
  }

  /// Why the cell has no numbers; `nil` when it has them.
  func failure() -> String? {
    do {
      let parts = try runner.parts()
      guard runner.missingSeeds(parts).isEmpty else {
        return CellFailure.reason(cell, bench.cache) ?? "was not computed"
      }
      return nil
    } catch {
      let missing = ((try? runner.missing()) ?? []).map(\.description)
      return missing.isEmpty ? "\(error)" : missing.joined(separator: "; ")
    }
  }

  /// Writes `result.json`, `train.csv`, `ranks.h5`; a cell without numbers gets a `result.json` that says why.
  func write() throws {
    var result = CellResult(
      id: cell.id, experiment: experiment.name, row: cell.row, column: cell.column,
      method: cell.column.isEmpty ? cell.row : nil)
    result.config = Dictionary(cell.config.tree.flattened.map { ($0.path, $0.value) }, uniquingKeysWith: { $1 })
    result.seeds = cell.config.seeds
    result.notes = notes()
    result.command = "ieum run \(experiment.file) --only \(cell.id)"
    if let reason = failure() {
      result.status = (try? runner.parts()) == nil ? .missing : .failed
      result.reason = reason
    } else {
      try fill(&result)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(result), to: folder + "/result.json")
  }

  private func fill(_ result: inout CellResult) throws {
    let parts = try runner.parts()
    let folders = cell.config.seeds.map { runner.folder(parts, seed: $0) }
    // A run killed just after its record was written has left its training state behind.
    for folder in folders { SeedRun.clearState(in: folder) }
    let records = folders.compactMap { RunRecord.read($0) }
    guard let first = records.first, records.count == cell.config.seeds.count else { return }
    for name in first.metrics.keys { result.metrics[name] = records.compactMap { $0.metrics[name] } }
    result.summary = result.metrics.compactMapValues { CellResult.Spread(of: $0) }
    (result.ci95, result.chance) = (first.ci95, first.chance)
    (result.queries, result.gallery) = (first.queries, first.gallery)
    result.ties = CellResult.Ties(policy: cell.config.evaluation.ties, queries: first.tiedQueries)
    result.selectedEpochs = records.map(\.selectedEpoch)
    result.skippedItems = first.skippedItems
    result.wallSeconds = Dictionary(
      first.wallSeconds.keys.map { key in (key, records.compactMap { $0.wallSeconds[key] }.reduce(0, +)) },
      uniquingKeysWith: { $1 })
    result.peakMemoryBytes = records.map(\.peakMemoryBytes).max() ?? 0
    (result.host, result.git) = (first.host, first.git)
    result.digests = CellResult.Digests(
      dataset: parts.dataset.digest, split: splitDigest(parts.dataset), textFeatures: parts.text.digest,
      imageFeatures: parts.image.digest, textWeights: parts.text.weightsDigest,
      imageWeights: parts.image.weightsDigest, code: "training and evaluation \(Provenance.codeVersion)")
    for file in ["train.csv", "ranks.h5"] { try copy(folders[0] + "/" + file, to: folder + "/" + file) }
  }

  /// SHA-256 of the evaluated split's ids, one per line.
  private func splitDigest(_ dataset: Dataset) -> String {
    let split = Split(rawValue: cell.config.evaluation.split) ?? .test
    return Digest.of(dataset.items(in: split).map { $0.id + "\n" }.joined())
  }

  private func copy(_ source: String, to target: String) throws {
    guard let data = FileManager.default.contents(atPath: source) else { return }
    try AtomicFile.write(data, to: target)
  }

  /// Footnotes on data and weights: what a reader must know before believing the number.
  private func notes() -> [String] {
    var notes = cell.config.notes
    let (text, image) = (cell.config.text, cell.config.image)
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
}
