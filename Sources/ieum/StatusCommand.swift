import ArgumentParser
import Harness

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Shows where a sweep stands, here or on a cluster: done, running, queued, failed.")

  @OptionGroup var options: ExperimentOptions
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let experiment = try options.load()
    let status = try SweepStatus(experiment, results: options.folder(experiment), bench: Workbench())
    if json { try printJSON(encoding: status) } else { print(status.text) }
  }
}
