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

  @Option(help: ArgumentHelp("Where workers run.", valueName: "local"))
  var executor: String = "local"

  @Flag(help: "Try cells again that failed, though nothing they depend on has changed.")
  var retryFailed = false

  @Option(help: .hidden) var worker: String?

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1") }
    if executor != "local" { throw ValidationError("--executor '\(executor)' is not available; use 'local'") }
  }

  func run() throws {
    let experiment = try options.load()
    let sweep = SweepRunner(experiment, bench: Workbench())
    if let worker { return try work(sweep, as: worker) }
    try engine.apply()
    if engine.blasCore == .inherit, let notice = Engine.slowdownNotice() { warn(notice) }
    let folder = options.folder(experiment)
    let outcome = try sweep.run(
      only: only, jobs: jobs ?? ProcessInfo.processInfo.processorCount, results: folder,
      retryFailed: retryFailed, worker: startWorker)
    for failure in outcome.failed { warn("\(failure.cell): \(failure.reason)") }
    try ReportPrinter(experiment: experiment, folder: folder).write(unchanged: outcome.computed == 0)
    warn("\(outcome.computed) cell(s) computed, \(outcome.cached) from the cache, \(outcome.failed.count) without numbers")
    if outcome.computed + outcome.cached == 0 {
      throw IeumError(.data, "no cell has numbers", file: experiment.file, remedy: "see the reasons above and `ieum models check`")
    }
  }

  private func work(_ sweep: SweepRunner, as place: String) throws {
    let parts = place.split(separator: "/").compactMap { Int($0) }
    guard parts.count == 2, parts[1] > 0 else { throw ValidationError("--worker takes index/count") }
    try Engine.start(threads: 1, liftBlasCore: engine.blasCore == .auto)
    try sweep.work(only: only, index: parts[0], count: parts[1])
  }

  /// This program again, for a share of the cells.
  private var startWorker: @Sendable (Int, Int) -> Int32 {
    let path = CommandLine.arguments[0]
    let executable = FileManager.default.fileExists(atPath: "/proc/self/exe") ? "/proc/self/exe" : path
    let arguments = Array(CommandLine.arguments.dropFirst())
    let resolved = (try? FileManager.default.destinationOfSymbolicLink(atPath: executable)) ?? path
    return { index, count in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: resolved)
      process.arguments = arguments + ["--worker", "\(index)/\(count)"]
      guard (try? process.run()) != nil else { return 1 }
      process.waitUntilExit()
      return process.terminationStatus
    }
  }
}

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Shows the cells, what is cached, what is missing; runs nothing.")

  @OptionGroup var options: ExperimentOptions
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let plan = try Plan(try options.load(), bench: Workbench())
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
