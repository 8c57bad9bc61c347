import Basics
import Foundation

/// Where a sweep stands: per cell done, failed, running, queued, or still to be computed.
public struct SweepStatus: Encodable, Sendable {
  public enum State: String, Encodable, Sendable, CaseIterable { case done, running, queued, failed, missing, open }

  public struct Cell: Encodable, Sendable {
    public let id: String
    public let label: String
    public let state: State
    /// Seeds that have their numbers.
    public let seedsDone: Int
    public let seeds: Int
    /// The Slurm task, `JOB_INDEX`.
    public let task: String?
    public let log: String?
    /// Why it failed, or what is missing.
    public let reason: String?
  }

  public let experiment: String
  public let cells: [Cell]

  /// - Parameter results: `results/<experiment>`.
  public init(_ experiment: Experiment, results: String, bench: Workbench) throws {
    self.experiment = experiment.name
    let ledger = SlurmLedger.read(results)
    // Without Slurm here, what it would say is unknown and the cache tells the rest.
    let queued = ledger.jobs.isEmpty ? [:] : (try? Slurm().queued(ledger.jobs.map(\.id))) ?? [:]
    let active = ledger.active(queued)
    cells = experiment.cells.map { Self.cell($0, experiment, bench, active[$0.id], ledger.log(of: $0.id)) }
  }

  private static func cell(
    _ cell: Experiment.Cell, _ experiment: Experiment, _ bench: Workbench, _ active: (task: Slurm.Task, state: String)?,
    _ log: String?
  ) -> Cell {
    let label = [cell.table, cell.row, cell.column].filter { !$0.isEmpty }.joined(separator: " / ")
    func made(_ state: State, done: Int = 0, _ reason: String? = nil) -> Cell {
      Cell(
        id: cell.id, label: label, state: state, seedsDone: done, seeds: cell.config.seeds.count,
        task: active.map { "\($0.task.job)_\($0.task.index)" }, log: log, reason: reason)
    }
    var final: Experiment.Cell? = cell
    if let spec = experiment.search {
      final = (try? CellSearch(spec: spec, bench: bench, progress: Progress()).found(cell))??.cell
    }
    let runner = CellRunner(cell: final ?? cell, bench: bench, progress: Progress())
    let task: any CellTask
    do { task = try runner.task() } catch { return made(.missing, "\(error)") }
    let missing = final == nil ? cell.config.seeds : runner.missingSeeds(task)
    let done = cell.config.seeds.count - missing.count
    if missing.isEmpty { return made(.done, done: done) }
    if let active { return made(active.state == "PENDING" ? .queued : .running, done: done) }
    if runner.isHeld(task) { return made(.running, done: done) }
    if CellFailure.stands(cell, bench: bench) { return made(.failed, done: done, CellFailure.reason(cell, bench.cache)) }
    return made(.open, done: done)
  }

  public func count(_ state: State) -> Int { cells.count { $0.state == state } }

  /// A line per cell that is not done, and the sums.
  public var text: String {
    var lines = cells.filter { $0.state != .done }.map { cell in
      let seeds = cell.seeds > 1 ? ", \(cell.seedsDone) of \(cell.seeds) seeds" : ""
      let task = cell.task.map { ", Slurm task \($0)" } ?? ""
      let reason = cell.reason.map { "\n    \($0)" } ?? ""
      return "\(cell.label): \(cell.state.rawValue)\(seeds)\(task)\(reason)"
    }
    let sums = State.allCases.filter { count($0) > 0 }.map { "\(count($0)) \($0.rawValue)" }
    lines.append("\(cells.count) cells: \(sums.joined(separator: ", "))")
    return lines.joined(separator: "\n")
  }
}
