import Basics
import Foundation

/// What running an experiment would do: per cell, what is cached, what is to be computed, what is missing.
public struct Plan: Encodable, Sendable {
  public struct Cell: Encodable, Sendable {
    public let id: String
    public let table: String
    public let row: String
    public let column: String
    /// `cached`, `to compute`, `missing` or `refused`.
    public let state: String
    public let reason: String?
    public let seedsToTrain: Int
    public let featuresToExtract: [String]
  }

  public let experiment: String
  public let cells: [Cell]
  /// Trainings to run; one that cells share counts once.
  public let trainings: Int
  /// The time that what is left to compute takes; without cells that miss data.
  public let expected: TimeEstimate

  /// - Parameters:
  ///   - probing: called before each measurement of what no run has told yet, which takes seconds for each kind of
  ///     work; nil = nothing is measured.
  ///   - jobs: worker processes that train side by side.
  /// - Throws: ``IeumError`` (usage) for settings that no run could carry out.
  public init(
    _ experiment: Experiment, bench: Workbench, probing: (() throws -> Void)? = nil,
    jobs: Int = ProcessInfo.processInfo.processorCount
  ) throws {
    self.experiment = experiment.name
    for cell in experiment.cells { try CellCheck.check(cell, bench: bench) }
    cells = try experiment.cells.map { try Plan.cell($0, bench) }
    for (planned, cell) in zip(cells, experiment.cells) where planned.state != Plan.cached {
      try CellCheck.device(of: cell)
    }
    let own = try Plan.trainings(experiment.cells, cells, bench)
    trainings = own.reduce(0, +)
    expected = try Plan.estimate(experiment.cells, cells, own, bench, probing: probing, jobs: jobs)
  }

  /// What cells are expected to take by what runs and probes have told so far.
  static func expected(_ cells: [Experiment.Cell], bench: Workbench, jobs: Int) throws -> TimeEstimate {
    let planned = try cells.map { try cell($0, bench) }
    return try estimate(cells, planned, trainings(cells, planned, bench), bench, probing: nil, jobs: jobs)
  }

  /// How many trainings each cell has to run: those that cells share are the first one's.
  private static func trainings(_ cells: [Experiment.Cell], _ planned: [Cell], _ bench: Workbench) throws -> [Int] {
    var seen: Set<String> = []
    return try zip(planned, cells).map { planned, cell in
      guard planned.seedsToTrain > 0 else { return 0 }
      let runner = CellRunner(cell: cell, bench: bench, progress: Progress())
      return try runner.missingTrainings(runner.task()).count { seen.insert($0).inserted }
    }
  }

  private static func estimate(
    _ cells: [Experiment.Cell], _ planned: [Cell], _ own: [Int], _ bench: Workbench, probing: (() throws -> Void)?,
    jobs: Int
  ) throws -> TimeEstimate {
    let rates = Rates(cache: bench.cache)
    func allowed(_ probe: (() throws -> Double?)?) -> (() throws -> Double?)? {
      guard let probing, let probe else { return nil }
      return {
        try probing()
        return try probe()
      }
    }
    let processes = max(1, min(jobs, own.count { $0 > 0 }))
    let trains = own.contains { $0 > 0 }
    var (extractions, trainings): ([String: TimeEstimate.Cost?], [TimeEstimate.Cost?]) = ([:], [])
    for ((planned, count), cell) in zip(zip(planned, own), cells) where planned.seedsToTrain > 0 {
      let task = try CellRunner(cell: cell, bench: bench, progress: Progress()).task()
      let missing = Set(planned.featuresToExtract)
      for extraction in try task.extractions() where missing.contains(extraction.path) && extractions[extraction.path] == nil {
        let work = extraction.work
        extractions[extraction.path] = .some(rates.cost(work.kind, units: work.units, probe: allowed(work.probe)))
      }
      // What an evaluation alone costs is not known; beside trainings it is little.
      guard count > 0 else {
        if !trains { trainings.append(nil) }
        continue
      }
      let cost = CellCost(config: cell.config)
      let work = cost.training(of: task)
      let units = work.units * Double(count) * cost.crowding(processes)
      trainings.append(rates.cost(work.kind, units: units, probe: allowed(task.trainingProbe)))
    }
    return TimeEstimate(extractions: Array(extractions.values), cells: trainings, jobs: jobs)
  }

  private static func cell(_ cell: Experiment.Cell, _ bench: Workbench) throws -> Cell {
    func made(_ state: String, _ reason: String? = nil, seeds: Int = 0, features: [String] = []) -> Cell {
      Cell(
        id: cell.id, table: cell.table, row: cell.row, column: cell.column, state: state, reason: reason,
        seedsToTrain: seeds, featuresToExtract: features)
    }
    let runner = CellRunner(cell: cell, bench: bench, progress: Progress())
    let missing = try runner.missing()
    guard missing.isEmpty else { return made("missing", missing.map(\.description).joined(separator: separator)) }
    let task = try runner.task()
    if let refusal = try CellLeaks.refusal(cell, task, bench: bench) { return made("refused", refusal.description) }
    let seeds = runner.missingSeeds(task).count
    let features = task.featurePaths.filter { !FileManager.default.fileExists(atPath: $0) }
    return made(seeds == 0 ? cached : "to compute", seeds: seeds, features: seeds == 0 ? [] : features)
  }

  /// What stands in the way of cells, each once, in the order of the cells.
  private func reasons(_ state: String) -> [String] {
    var seen: Set<String> = []
    return cells.filter { $0.state == state }.compactMap(\.reason).flatMap { $0.components(separatedBy: Self.separator) }.filter { seen.insert($0).inserted }
  }

  private static let cached = "cached"
  private static let separator = "\n    "

  /// A line per cell, what is missing, and the sums.
  public var text: String {
    var lines = cells.map { cell in
      let label = [cell.table, cell.row, cell.column].filter { !$0.isEmpty }.joined(separator: " / ")
      let cost = cell.seedsToTrain > 0 ? ", \(cell.seedsToTrain) seed(s)" : ""
      return "\(label): \(cell.state)\(cost)"
    }
    for state in ["missing", "refused"] where !reasons(state).isEmpty {
      lines.append(([state + ":"] + reasons(state)).joined(separator: Self.separator))
    }
    let features = Set(cells.flatMap(\.featuresToExtract))
    lines.append(
      "\(cells.count) cells: \(cells.filter { $0.state == Self.cached }.count) cached, "
        + "\(cells.filter { $0.state == "missing" }.count) missing data or weights; "
        + "\(features.count) feature file(s) to extract, \(trainings) training(s) to run")
    if let time = expected.text { lines.append(time) }
    return lines.joined(separator: "\n")
  }
}
