import ArgumentParser
import Basics
import Foundation
import Harness

/// The command line: one file per command beside this one.
@main
struct Ieum: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ieum",
    abstract: "Joint text–image–video–audio embedding retrieval: sweeps, features, losses, metrics, reports.",
    subcommands: [
      RunCommand.self, PlanCommand.self, StatusCommand.self, ReportCommand.self, DataCommand.self, ModelsCommand.self,
      FeaturesCommand.self, EncodeCommand.self, EvalCommand.self, CompareCommand.self, VerifyCommand.self, LossCommand.self,
      IndexCommand.self, SearchCommand.self, ServeCommand.self, DecodeUploadCommand.self, DoctorCommand.self,
      BenchCommand.self, NewCommand.self,
    ])

  static func main() {
    FreedMemory.keep()
    signal(SIGPIPE, SIG_IGN)
    // Beyond a limit on file sizes a write then fails, and says so, instead of ending the program.
    signal(SIGXFSZ, SIG_IGN)
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as IeumError {
      FileHandle.standardError.write(Data("ieum: \(error)\n".utf8))
      Foundation.exit(error.exitCode)
    } catch {
      exit(withError: error)
    }
  }
}
