import Basics
import Foundation
import Synchronization

/// Runs the cells of an experiment: features first, then the trainings side by side in worker processes, then the
/// result files. One broken cell is recorded and does not stop the others.
public struct SweepRunner {
  public let experiment: Experiment
  public let bench: Workbench
  private let progress = Progress()
  /// Names this run; its workers are told.
  private let token = ProcessInfo.processInfo.environment[SweepRunner.runKey] ?? UUID().uuidString
  private static let runKey = "IEUM_RUN"
  /// Processes that train side by side, this one among them.
  private var beside = 1

  /// What workers need in their environment.
  public var workerEnvironment: [String: String] { [Self.runKey: token] }

  public init(_ experiment: Experiment, bench: Workbench) {
    self.experiment = experiment
    self.bench = bench
  }

  /// What came of a run.
  public struct Outcome: Sendable {
    public var computed = 0
    public var cached = 0
    /// Cell labels with the reason they have no numbers.
    public var failed: [(cell: String, reason: String)] = []
    /// How many of them had all that they need.
    public var broken = 0
  }

  private func runner(_ cell: Experiment.Cell) -> CellRunner {
    CellRunner(cell: cell, bench: bench, progress: progress, beside: beside)
  }

  /// Cells whose label or id contains the pattern; all without one.
  public func selected(_ pattern: String?) throws -> [Experiment.Cell] {
    guard let pattern else { return experiment.cells }
    let cells = experiment.cells.filter {
      // As `--cell` writes them, and as plans and reports print them.
      [$0.id, "\($0.table)/\($0.row)/\($0.column)", label($0)].contains { $0.localizedCaseInsensitiveContains(pattern) }
    }
    guard !cells.isEmpty else {
      throw IeumError(.usage, "no cell matches '\(pattern)'", place: "--only", remedy: "see `ieum plan`")
    }
    return cells
  }

  /// Computes on this machine.
  /// - Parameters:
  ///   - jobs: worker processes, fewer where the memory does not hold so many.
  ///   - retryFailed: try cells again that failed under the same settings.
  ///   - worker: starts worker `index` of `count` and waits for it; returns its exit status, or minus the signal that
  ///     ended it.
  public func run(
    only pattern: String?, jobs: Int, results: String, retryFailed: Bool = false, worker: @escaping @Sendable (Int, Int) -> Int32
  ) throws -> Outcome {
    let (cells, pending) = try begin(pattern, results, retryFailed, here: true)
    let clock = pending.isEmpty ? nil : RunClock(pending, bench: bench, jobs: jobs)
    for cell in pending { try attempt { try runner(cell).prepareFeatures() } }
    if !pending.isEmpty {
      let count = processes(jobs, for: pending, progress)
      progress.note("training \(pending.count) cell(s) in \(count) process(es)")
      let labels = Dictionary(cells.map { ($0.id, label($0)) }, uniquingKeysWith: { first, _ in first })
      let ends = awaitAll(
        WorkerKeeper(count: count, labels: labels, run: token, cache: bench.cache, start: worker))
      for loss in ends.flatMap(\.losses) { progress.note("ieum: \(loss)") }
      if let bad = ends.first(where: { $0.status != 0 }) { progress.note("ieum: a worker ended with status \(bad.status)") }
    }
    let outcome = try gather(cells, pending, results, isPart: pattern != nil)
    if let clock { try clock.tell(results, progress) }
    return outcome
  }

  /// Computes as job arrays on a cluster.
  /// - Returns: nil when it did not wait for the jobs.
  public func run(
    only pattern: String?, results: String, retryFailed: Bool = false, slurm: SlurmExecutor
  ) throws -> Outcome? {
    let (cells, pending) = try begin(pattern, results, retryFailed, here: false)
    if !pending.isEmpty {
      let isDone = { (cell: Experiment.Cell) in !self.isPending(cell) }
      guard try slurm.compute(pending, features: extracting(pending), isDone: isDone, progress: progress) else {
        return nil
      }
    }
    var outcome = try gather(cells, pending, results, isPart: pattern != nil)
    let ledger = SlurmLedger.read(results)
    for (place, failure) in outcome.failed.enumerated() where failure.reason == ResultWriter.notComputed {
      guard let cell = cells.first(where: { label($0) == failure.cell }), let log = ledger.log(of: cell.id) else { continue }
      outcome.failed[place].reason = "its job ended without a result; see \(log)"
    }
    return outcome
  }

  /// Checks everything that can be checked before anything is computed.
  /// - Parameter here: whether this machine computes.
  private func begin(
    _ pattern: String?, _ results: String, _ retryFailed: Bool, here: Bool
  ) throws -> (cells: [Experiment.Cell], pending: [Experiment.Cell]) {
    let cells = try selected(pattern)
    _ = try experiment.reportSpec()
    bench.cache.tidy(results)
    for cell in cells {
      try CellCheck.check(cell, bench: bench)
      _ = try search?.trials(cell)
      // What is cached needs no GPU.
      if here, retryFailed || isPending(cell) { try CellCheck.device(of: cell) }
    }
    try LeakGuard(experiment: experiment, bench: bench, results: results).check(cells, progress: progress)
    if retryFailed { try forgetFailures(of: cells) }
    let pending = cells.filter { isPending($0) }
    if !pending.isEmpty { unlink(gathered(results)) }
    return (cells, pending)
  }

  /// A mark that results are whole, with the digest of the report they were gathered for: a run that was killed between
  /// its last cell and its last figure lacks it.
  private func gathered(_ results: String) -> String { results + "/.gathered" }

  /// Cells whose extraction covers every feature file that is missing, as few as come first.
  private func extracting(_ pending: [Experiment.Cell]) throws -> [Experiment.Cell] {
    var covered: Set<String> = []
    return pending.filter { cell in
      guard let task = try? runner(cell).task() else { return false }
      let missing = task.featurePaths.filter { !FileManager.default.fileExists(atPath: $0) && !covered.contains($0) }
      covered.formUnion(missing)
      return !missing.isEmpty
    }
  }

  /// Extracts one cell's features or computes it: what a task of a cluster does.
  /// - Throws: ``IeumError``: usage when there is no such cell, system for what trying again may mend.
  public func perform(cell id: String, featuresOnly: Bool) throws {
    guard let cell = experiment.cells.first(where: { $0.id == id }) else {
      throw IeumError(.usage, "the experiment has no cell '\(id)'", file: experiment.file, remedy: "submit it again")
    }
    if featuresOnly { try attempt { try runner(cell).prepareFeatures() } } else { try compute(cell, wait: true) }
  }

  /// Writes the results of all cells.
  /// - Parameter isPart: other cells of the experiment were not asked for; theirs stay as they are.
  private func gather(
    _ cells: [Experiment.Cell], _ pending: [Experiment.Cell], _ results: String, isPart: Bool
  ) throws -> Outcome {
    var outcome = Outcome()
    for cell in cells {
      let result = try ResultWriter(experiment: experiment, cell: cell, bench: bench, results: results)
      switch try result.write() {
      case let reason?:
        outcome.failed.append((label(cell), reason))
        if result.hasInputs { outcome.broken += 1 }
      case nil: pending.contains { $0.id == cell.id } ? (outcome.computed += 1) : (outcome.cached += 1)
      }
    }
    if !isPart { try removeStale(results) }
    let (mark, wanted) = (gathered(results), Digest.of(experiment.report.canonical))
    if outcome.computed + outcome.cached > 0, (try? String(contentsOfFile: mark, encoding: .utf8)) != wanted {
      try FigureData(experiment: experiment, bench: bench, results: results).write()
      try ExamplesWriter(experiment: experiment, bench: bench, results: results).write()
      try AtomicFile.write(wanted, to: mark)
    }
    return outcome
  }

  /// Starts all workers at once, whatever the number of threads this process may use, and waits for them.
  private func awaitAll(_ keeper: WorkerKeeper) -> [WorkerKeeper.End] {
    let ends = Mutex([WorkerKeeper.End](repeating: .init(), count: keeper.count))
    DispatchQueue.concurrentPerform(iterations: keeper.count) { index in
      let end = keeper.attend(index)
      ends.withLock { $0[index] = end }
    }
    return ends.withLock { $0 }
  }

  /// Takes away results of cells that the experiment no longer has; their runs stay in the cache.
  private func removeStale(_ results: String) throws {
    let current = Set(experiment.cells.map(\.id))
    let stored = (try? FileManager.default.contentsOfDirectory(atPath: results + "/cells")) ?? []
    for id in stored where !current.contains(id) && !id.hasPrefix(".") {
      try FileManager.default.removeItem(atPath: "\(results)/cells/\(id)")
    }
  }

  /// Computes cells until none is left, beginning at this worker's part of the list: what another process is computing
  /// is passed over, and waited for at the end, in case that process dies. Errors become the cell's record.
  public func work(only pattern: String?, index: Int, count: Int) throws {
    var own = self
    own.beside = count
    let cells = try selected(pattern)
    let place = WorkerPlace(index: index, run: token, cache: bench.cache)
    let start = cells.count * index / max(1, count)
    var left: [Experiment.Cell] = []
    for cell in cells[start...] + cells[..<start] {
      try place.enter(cell)
      if try !own.compute(cell, wait: false) { left.append(cell) }
    }
    for cell in left {
      try place.enter(cell)
      try own.compute(cell, wait: true)
    }
  }

  /// One cell, its search first.
  /// - Returns: false when another process is at it.
  @discardableResult
  public func compute(_ cell: Experiment.Cell, wait: Bool) throws -> Bool {
    if CellFailure.stands(cell, bench: bench, run: token) { return true }
    do {
      var final = cell
      if let search {
        guard try search.run(cell, wait: wait), let found = try search.found(cell) else { return false }
        final = found.cell
      }
      guard try runner(final).run(wait: wait) else { return false }
      CellFailure.clear(cell, bench.cache)
    } catch let error as IeumError {
      try CellFailure.record(error, cell, bench: bench)
    }
    return true
  }

  private var search: CellSearch? {
    experiment.search.map { CellSearch(spec: $0, bench: bench, progress: progress, beside: beside) }
  }

  private func forgetFailures(of cells: [Experiment.Cell]) throws {
    for cell in cells {
      CellFailure.clear(cell, bench.cache)
      for trial in try search?.trials(cell) ?? [] { CellFailure.clear(trial, bench.cache) }
    }
  }

  private func isPending(_ cell: Experiment.Cell) -> Bool {
    if CellFailure.stands(cell, bench: bench) { return false }
    guard let final = try? search?.found(cell).map(\.cell) ?? (search == nil ? cell : nil),
      let task = try? runner(final).task()
    else { return true }
    return !runner(final).missingSeeds(task).isEmpty
  }

  /// A dataset or weights that are missing are told with the cell, not here.
  private func attempt(_ body: () throws -> Void) throws {
    do { try body() } catch let error as IeumError where error.kind != .system {}
  }

  private func label(_ cell: Experiment.Cell) -> String {
    [cell.table, cell.row, cell.column].filter { !$0.isEmpty }.joined(separator: " / ")
  }
}
