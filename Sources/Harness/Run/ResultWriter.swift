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
      let task = try runner.task()
      guard runner.missingSeeds(task).isEmpty else {
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
    result.notes = cell.config.notes + ((try? runner.task().notes) ?? [])
    result.command = "ieum run \(experiment.file) --only \(cell.id)"
    if let reason = failure() {
      result.status = (try? runner.task()) == nil ? .missing : .failed
      result.reason = reason
    } else {
      try fill(&result)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(result), to: folder + "/result.json")
  }

  private func fill(_ result: inout CellResult) throws {
    let task = try runner.task()
    let folders = cell.config.seeds.map { runner.folder(task, seed: $0) }
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
    result.digests = task.digests
    result.digests.dataset = task.dataset.digest
    result.digests.split = splitDigest(task.dataset)
    result.digests.code = "training and evaluation \(Provenance.codeVersion)"
    result.evaluated = EvaluatedSplit(task.dataset, Split(rawValue: cell.config.evaluation.split) ?? .test)
    result.notes += result.evaluated.map { [$0.note] } ?? []
    result.chosen = Dictionary(
      (first.chosen ?? [:]).keys.map { key in (key, records.compactMap { $0.chosen?[key] }) }, uniquingKeysWith: { $1 })
    result.notes += result.chosen.sorted { $0.key < $1.key }.compactMap { RunRecord.remark($0.key, $0.value) }
    let more = (cell.config.towers?.directions ?? []).dropFirst().map { "ranks-\($0.rawValue).h5" }
    for file in ["train.csv", "ranks.h5"] + more { try copy(folders[0] + "/" + file, to: folder + "/" + file) }
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
}
