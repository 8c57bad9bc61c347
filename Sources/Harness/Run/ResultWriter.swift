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

  /// The reason of a cell that nobody came to.
  static let notComputed = "was not computed"

  /// Why the cell has no numbers; `nil` when it has them.
  func failure() -> String? {
    do {
      if case .failure(let error) = found { return CellFailure.reason(cell, bench.cache) ?? error.description }
      let task = try runner.task()
      guard runner.missingSeeds(task).isEmpty else {
        return CellFailure.reason(cell, bench.cache) ?? Self.notComputed
      }
      return nil
    } catch {
      let missing = ((try? runner.missing()) ?? []).map(\.description)
      return missing.isEmpty ? "\(error)" : missing.joined(separator: "; ")
    }
  }

  /// Writes `result.json`, `train.csv`, `ranks.h5`; a cell without numbers gets a `result.json` that says why. Numbers of
  /// an earlier run of the same settings outlive the data that they were measured on.
  /// - Returns: why the cell has no numbers of this run; nil when it has them.
  func write() throws -> String? {
    let reason = failure()
    let isMissing = reason != nil && !hasInputs
    if isMissing, let reason, let kept = try? CellResult.read("\(folder)/result.json"), kept.status == .ok {
      return reason + " (what was measured earlier is kept)"
    }
    var result = CellResult(
      id: cell.id, experiment: experiment.name, row: cell.row, column: cell.column,
      method: cell.column.isEmpty ? cell.row : nil)
    result.config = Dictionary(cell.config.tree.flattened.map { ($0.path, $0.value) }, uniquingKeysWith: { $1 })
    result.seeds = cell.config.seeds
    result.notes = cell.config.notes + ((try? runner.task()).map { $0.footnotes + $0.notes } ?? [])
    result.command = command
    do {
      if reason == nil { try fill(&result) }
      (result.status, result.reason) = (reason == nil ? .ok : isMissing ? .missing : .failed, reason)
    } catch let error as IeumError where error.kind == .data {
      try forgetRuns()
      (result.status, result.reason) = (.failed, "\(error.description); it is computed again at the next run")
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(result), to: folder + "/result.json")
    return result.reason
  }

  /// Whether data and weights are in place.
  var hasInputs: Bool { (try? runner.task()) != nil }

  /// What computes this cell again.
  private var command: String {
    let overrides = experiment.overrides.map { " --set \(SlurmExecutor.quoted($0))" }
    return "ieum run \(experiment.file)\(overrides.joined()) --only \(cell.id)"
  }

  /// Takes away records whose ranks cannot be read, so that those seeds are computed again.
  private func forgetRuns() throws {
    let task = try runner.task()
    for folder in cell.config.seeds.map({ runner.folder(task, seed: $0) }) {
      let isWhole = directions.enumerated().allSatisfy { place, direction in
        (try? RanksFile.read("\(folder)/\(RanksFile.name(place == 0 ? nil : direction))")) != nil
      }
      if !isWhole { RunRecord.remove(from: folder) }
    }
  }

  private func fill(_ result: inout CellResult) throws {
    let task = try runner.task()
    let folders = cell.config.seeds.map { runner.folder(task, seed: $0) }
    // A run killed just after its record was written has left its training state behind.
    for folder in folders { SeedRun.clearState(in: folder) }
    let records = folders.compactMap { RunRecord.read($0) }
    guard let first = records.first, records.count == cell.config.seeds.count else { return }
    for name in first.metrics.keys { result.metrics[name] = records.compactMap { $0.metrics[name] } }
    result.summary = result.metrics.compactMapValues { Spread(of: $0) }
    (result.chance, result.ceiling) = (first.chance, first.ceiling)
    (result.queries, result.gallery) = (first.queries, first.gallery)
    result.queriesWithoutRelevant = first.queriesWithoutRelevant
    result.ties = CellResult.Ties(
      policy: cell.config.evaluation.ties, queries: records.map(\.tiedQueries).max() ?? 0, bounds: bounds(records))
    result.selectedEpochs = records.map(\.selectedEpoch)
    (result.skippedItems, result.partialItems) = (first.skippedItems, first.partialItems ?? 0)
    result.training = task.trainingKey
    result.wallSeconds = Dictionary(
      first.wallSeconds.keys.map { key in (key, records.compactMap { $0.wallSeconds[key] }.reduce(0, +)) },
      uniquingKeysWith: { $1 })
    result.peakMemoryBytes = records.map(\.peakMemoryBytes).max() ?? 0
    (result.host, result.git) = (first.host, first.git)
    result.digests = task.digests
    result.digests.dataset = task.dataset.digest
    let split = Split(rawValue: cell.config.evaluation.split) ?? .test
    result.digests.split = Self.splitDigest(task.dataset, split)
    result.digests.code = Provenance.codeDescription
    result.evaluated = EvaluatedSplit(task.dataset, split)
    result.evaluated?.leakage.merge(try CellLeaks(bench: bench).shares(task)) { max($0, $1) }
    (result.directions, result.sources) = (first.directions ?? [], first.sources ?? [:])
    result.notes += result.evaluated.map { [$0.note(result.directions.first)] } ?? []
    result.notes += DirectionCounts.notes(result.directions)
    let short = result.sources.filter { !$0.value.isComplete }.sorted { $0.key < $1.key }
    if !short.isEmpty {
      let list = short.map { "\($0.key) \($0.value.text)" }.joined(separator: ", ")
      result.notes.append("trained on fewer pairs than are listed: \(list) (no file, no sound, or not decodable)")
    }
    if let chosen = cell.config.evaluation.retrievalProtocol {
      result.protocol = chosen.rawValue
      result.notes.append("protocol \(chosen.rawValue): \(chosen.summary)")
    }
    result.skipped = records.reduce(into: [:]) { $0.merge($1.skipped ?? [:]) { first, _ in first } }
    if !result.skipped.isEmpty {
      result.notes.append(
        "\(result.skipped.count) item(s) could not be decoded: left out of training, misses where evaluated "
          + "(named in result.json)")
    }
    result.search = try found.get().record
    if split == .test {
      result.testReads = try TestReads(cache: bench.cache).note(
        cell, experiment: experiment.name, dataset: task.dataset.digest, digest: task.digest)
    }
    result.chosen = Dictionary(
      (first.chosen ?? [:]).keys.map { key in (key, records.compactMap { $0.chosen?[key] }) }, uniquingKeysWith: { $1 })
    result.notes += result.chosen.sorted { $0.key < $1.key }.compactMap { RunRecord.remark($0.key, $0.value) }
    try copy(folders[0] + "/train.csv", to: folder + "/train.csv")
    for (place, direction) in directions.enumerated() {
      try gatherRanks(of: place == 0 ? nil : direction, folders, into: &result)
    }
    result.digests.ranks = try Digest.ofFile(folder + "/ranks.h5")
  }

  private var directions: [String] {
    cell.config.directions?.map(\.rawValue) ?? [""]
  }

  /// The ranks of all seeds in one direction in one file, and the intervals of their means.
  private func gatherRanks(of direction: String?, _ folders: [String], into result: inout CellResult) throws {
    let name = RanksFile.name(direction)
    let files = try folders.map { try RanksFile.read("\($0)/\(name)") }
    let ranks = RanksFile(
      queryIDs: files[0].queryIDs, seeds: cell.config.seeds, runs: files.flatMap { $0.runs.prefix(1) })
    let ties = try TiePolicy.named(cell.config.evaluation.ties)
    // Of several directions only the one that adds them holds both.
    let isOne = cell.config.towers == nil && cell.config.clips == nil || ranks.runs.first?.reverse != nil
    let metrics = try cell.config.evaluation.metrics.map { try Metric.parse($0) }.filter { isOne || $0 != .recallSum }
    for entry in try RankedQueries.intervals(of: ranks.runs, metrics, ties: ties) {
      let key = (direction.map { $0 + " " } ?? "") + entry.metric.name
      result.ci95[key] = [entry.interval.low, entry.interval.high]
    }
    if direction == nil { result.queryBlocks = ranks.runs.first?.blocks.count ?? 0 }
    try ranks.write(to: "\(folder)/\(name)")
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
}
