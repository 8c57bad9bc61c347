import ArgumentParser
import Basics
import Harness

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Computes digests and metrics of stored results again and says what no longer agrees.",
    discussion: """
      From the stored ranks: every metric per seed, mean, deviation, interval, chance, ceiling, ties and the tests behind \
      the tables' marks. From the cells: every table, byte for byte, and that none is missing (sweep.json lists them). From \
      what lies on this machine now: dataset, split, weights, feature files, runs, readings of the test split. Status 65 \
      when something differs; what cannot be checked here is listed, counted and no difference.
      """)

  @Argument(help: "A results folder, such as results/quickstart.") var folder: String
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let verification = try Verification(folder)
    if json { try printJSON(encoding: verification) } else { print(verification.text) }
    guard verification.agrees else {
      throw IeumError(.data, "some results no longer agree with their record", file: folder, remedy: "see above; run the experiment again")
    }
  }
}
