import ArgumentParser
import Basics
import Foundation
import Harness

/// Settings of the three commands that work on an experiment file.
struct ExperimentOptions: ParsableArguments {
  @Argument(help: "The experiment file.")
  var experiment: String

  @Option(name: .customLong("set"), help: "Overrides a setting: path.to.key=value. May be repeated.")
  var overrides: [String] = []

  @Option(help: "Folder that gets one folder per experiment (default: ./results).")
  var results: String?

  func load() throws -> Experiment { try Experiment.load(experiment, overrides: overrides) }

  func folder(_ experiment: Experiment) -> String { (results ?? "results") + "/" + experiment.name }
}

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Expands a sweep, computes what is missing, writes results, tables and figures.")

  @OptionGroup var options: ExperimentOptions
  @OptionGroup var engine: EngineOptions

  @Option(help: "Only the cells whose label or id contains this.")
  var only: String?

  @Option(help: "Worker processes (default: one per core).")
  var jobs: Int?

  @Option(help: ArgumentHelp("Where workers run.", valueName: "local|slurm"))
  var executor: Executor = .local

  enum Executor: String, ExpressibleByArgument, CaseIterable { case local, slurm }

  @Flag(help: "slurm: submit and return; `ieum status` shows how it goes, running again gathers the results.")
  var detach = false

  @Flag(help: "Try cells again that failed, though nothing they depend on has changed.")
  var retryFailed = false

  @Option(help: .hidden) var worker: String?
  @Option(help: .hidden) var cell: String?
  @Option(help: .hidden) var phase: String?

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1") }
    if detach, executor != .slurm { throw ValidationError("--detach needs --executor slurm") }
  }

  func run() throws {
    let experiment = try options.load()
    let sweep = SweepRunner(experiment, bench: Workbench())
    if let worker { return try work(sweep, as: worker) }
    if let cell {
      try Engine.start(threads: 1, liftBlasCore: engine.blasCore == .auto)
      return try sweep.perform(cell: cell, featuresOnly: phase == "features")
    }
    try engine.apply()
    if engine.blasCore == .inherit, let notice = Engine.slowdownNotice() { warn(notice) }
    let folder = options.folder(experiment)
    guard let outcome = try outcome(of: sweep, folder) else {
      return warn("submitted; `ieum status \(options.experiment)` shows how it goes, this command again gathers the results")
    }
    for failure in outcome.failed { warn("\(failure.cell): \(failure.reason)") }
    try ReportPrinter(experiment: experiment, folder: folder).write(unchanged: outcome.computed == 0)
    warn("\(outcome.computed) cell(s) computed, \(outcome.cached) from the cache, \(outcome.failed.count) without numbers")
    if outcome.computed + outcome.cached == 0 {
      throw IeumError(.data, "no cell has numbers", file: experiment.file, remedy: "see the reasons above and `ieum models check`")
    }
    // Cells whose data or weights are not there are left out; others were to have numbers.
    if outcome.broken > 0 { throw ExitCode(1) }
  }

  private func outcome(of sweep: SweepRunner, _ folder: String) throws -> SweepRunner.Outcome? {
    switch executor {
    case .local:
      return try sweep.run(
        only: only, jobs: jobs ?? ProcessInfo.processInfo.processorCount, results: folder,
        retryFailed: retryFailed, worker: startWorker(sweep.workerEnvironment))
    case .slurm:
      var command = [ProgramFiles.path, "run", options.experiment] + options.overrides.flatMap { ["--set", $0] }
      if let results = options.results { command += ["--results", results] }
      if engine.blasCore == .auto { command += ["--blas-core", "auto"] }
      let slurm = try SlurmExecutor(command: command, results: folder, limit: jobs, waits: !detach)
      return try sweep.run(only: only, results: folder, retryFailed: retryFailed, slurm: slurm)
    }
  }

  private func work(_ sweep: SweepRunner, as place: String) throws {
    let parts = place.split(separator: "/").compactMap { Int($0) }
    guard parts.count == 2, parts[1] > 0 else { throw ValidationError("--worker takes index/count") }
    try Engine.start(threads: 1, liftBlasCore: engine.blasCore == .auto)
    endWithParent()
    try sweep.work(only: only, index: parts[0], count: parts[1])
  }

  /// A worker whose parent is gone ends too: the next run would compute beside it.
  private func endWithParent() {
    Thread.detachNewThread {
      while (try? FileHandle.standardInput.read(upToCount: 1))?.isEmpty == false {}
      _exit(1)
    }
  }

  /// This program again, for a share of the cells.
  private func startWorker(_ environment: [String: String]) -> @Sendable (Int, Int) -> Int32 {
    let arguments = Array(CommandLine.arguments.dropFirst())
    let resolved = ProgramFiles.path
    return { index, count in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: resolved)
      process.arguments = arguments + ["--worker", "\(index)/\(count)"]
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      // Its end tells the worker that nobody waits for it any more.
      let life = Pipe()
      process.standardInput = life
      guard (try? process.run()) != nil else { return 1 }
      process.waitUntilExit()
      try? life.fileHandleForWriting.close()
      return process.terminationReason == .uncaughtSignal ? -process.terminationStatus : process.terminationStatus
    }
  }
}

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Shows the cells, what is cached, what is missing; runs nothing.")

  @OptionGroup var options: ExperimentOptions
  @OptionGroup var engine: EngineOptions
  @Flag(help: "Print JSON.") var json = false
  @Flag(inversion: .prefixedNo, help: "Measure for a few seconds each kind of work that never ran here, to tell the time.")
  var probes = true
  @Option(help: "Worker processes the run will have (default: one per core).") var jobs: Int?

  func validate() throws { if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1") } }

  func run() throws {
    let prepare = engine.whenNeeded()
    let plan = try Plan(
      try options.load(), bench: Workbench(), probing: probes ? prepare : nil,
      jobs: jobs ?? ProcessInfo.processInfo.processorCount)
    if json { try printJSON(encoding: plan) } else { print(plan.text) }
  }
}

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Writes tables, figures and the page from stored results alone.")

  @OptionGroup var options: ExperimentOptions

  func run() throws {
    let experiment = try options.load()
    try ReportPrinter(experiment: experiment, folder: options.folder(experiment)).write(unchanged: false)
  }
}
