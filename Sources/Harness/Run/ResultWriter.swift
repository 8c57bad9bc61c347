import Basics
import Datasets
import Foundation
import Ranking

/// Gathers a cell's runs from the cache into `results/<experiment>/cells/<cell-id>/`.
struct ResultWriter {
  let experiment: Experiment
  let cell: Experiment.Cell
  let bench: Workbench
  let results: String

  private var folder: String { "\(results)/cells/\(cell.id)" }

  /// The cell with its final settings, and how they were found.
  private let found: Result<CellSearch.Found, IeumError>

  init(experiment: Experiment, cell: Experiment.Cell, bench: Workbench, results: String) throws {
    (self.experiment, self.bench, self.results) = (experiment, bench, results)
    do {
      guard let spec = experiment.search else {
        found = .success(CellSearch.Found(cell: cell, record: nil))
        self.cell = cell
        return
      }
      let search = CellSearch(spec: spec, bench: bench, progress: Progress())
      found = try search.found(cell).map { .success($0) } ?? .failure(IeumError(.data, "its search is not finished"))
    } catch let error as IeumError {
      found = .failure(error)
    }
    self.cell = (try? found.get().cell) ?? cell
  }

  private var runner: CellRunner {
    CellRunner(cell: cell, bench: bench, progress: Progress())
  }

  /// Why the cell has no numbers; `nil` when it has them.
  func failure() -> String? {
    do {
      if case .failure(let error) = found { return CellFailure.reason(cell, bench.cache) ?? error.description }
      let parts = try runner.parts()
      guard runner.missingSeeds(parts).isEmpty else {
        return CellFailure.reason(cell, bench.cache) ?? "was not computed"
      }
      return nil
    } catch {
      return "\(error)"
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
    let records = folders.compactMap { RunRecord.read($0) }
    guard let first = records.first, records.count == cell.config.seeds.count else { return }
    for name in first.metrics.keys { result.metrics[name] = records.compactMap { $0.metrics[name] } }
    result.summary = result.metrics.compactMapValues { CellResult.Spread(of: $0) }
    (result.chance, result.ceiling) = (first.chance, first.ceiling)
    (result.queries, result.gallery) = (first.queries, first.gallery)
    result.queriesWithoutRelevant = first.queriesWithoutRelevant
    result.ties = CellResult.Ties(
      policy: cell.config.evaluation.ties, queries: records.map(\.tiedQueries).max() ?? 0, bounds: bounds(records))
    result.selectedEpochs = records.map(\.selectedEpoch)
    result.skippedItems = first.skippedItems
    result.wallSeconds = Dictionary(
      first.wallSeconds.keys.map { key in (key, records.compactMap { $0.wallSeconds[key] }.reduce(0, +)) },
      uniquingKeysWith: { $1 })
    result.peakMemoryBytes = records.map(\.peakMemoryBytes).max() ?? 0
    (result.host, result.git) = (first.host, first.git)
    result.digests = CellResult.Digests(
      dataset: parts.dataset.digest, split: Self.splitDigest(parts.dataset, Split(rawValue: cell.config.evaluation.split) ?? .test), textFeatures: parts.text.digest,
      imageFeatures: parts.image.digest, textWeights: parts.text.weightsDigest,
      imageWeights: parts.image.weightsDigest, code: Provenance.codeDescription)
    try copy(folders[0] + "/train.csv", to: folder + "/train.csv")
    result.search = try found.get().record
    if cell.config.evaluation.split == Split.test.rawValue {
      result.testReads = try TestReads(cache: bench.cache).note(
        cell, experiment: experiment.name, dataset: parts.dataset.digest, digest: parts.digest(cell.config))
    }
    try gatherRanks(folders, into: &result)
  }

  /// The ranks of all seeds in one file, and the interval of their mean.
  private func gatherRanks(_ folders: [String], into result: inout CellResult) throws {
    let files = try folders.map { try RanksFile.read($0 + "/ranks.h5") }
    let ranks = RanksFile(
      queryIDs: files[0].queryIDs, seeds: cell.config.seeds, runs: files.flatMap { $0.runs.prefix(1) })
    let ties = try TiePolicy.named(cell.config.evaluation.ties)
    let metrics = try cell.config.evaluation.metrics.map { try Metric.parse($0) }
    let intervals = try RankedQueries.intervals(of: ranks.runs, metrics, ties: ties)
    result.ci95 = Dictionary(
      intervals.map { ($0.metric.name, [$0.interval.low, $0.interval.high]) }, uniquingKeysWith: { $1 })
    result.queryBlocks = ranks.runs.first?.blocks.count ?? 0
    try ranks.write(to: folder + "/ranks.h5")
    result.digests.ranks = try Digest.ofFile(folder + "/ranks.h5")
  }

  /// What the two extreme readings of ties give; a seed without ties gives its value for both.
  private func bounds(_ records: [RunRecord]) -> [String: [Double]]? {
    guard records.contains(where: { !$0.policies.isEmpty }) else { return nil }
    var bounds: [String: [Double]] = [:]
    for name in records[0].metrics.keys {
      bounds[name] = [TiePolicy.pessimistic, .optimistic].map { policy in
        records.reduce(0) { $0 + ($1.policies[policy.rawValue]?[name] ?? $1.metrics[name] ?? 0) } / Double(records.count)
      }
    }
    return bounds
  }

  /// SHA-256 of a split's ids, one per line.
  static func splitDigest(_ dataset: Dataset, _ split: Split) -> String {
    Digest.of(dataset.items(in: split).map { $0.id + "\n" }.joined())
  }

  private func copy(_ source: String, to target: String) throws {
    guard let data = FileManager.default.contents(atPath: source) else { return }
    try AtomicFile.write(data, to: target)
  }

  /// Footnotes on data and weights: what a reader must know before believing the number.
  private func notes() -> [String] {
    var notes = cell.config.notes
    if cell.config.image.weights == "random" {
      notes.append("\(cell.config.image.encoder) runs with seeded random weights, not ImageNet's")
    } else if let entry = WeightCatalog.named(cell.config.image.weights) {
      notes.append(entry.footnote)
    }
    if let entry = WeightCatalog.named(cell.config.text.weights) { notes.append(entry.footnote) }
    return notes
  }
}
