import ArgumentParser
import Basics
import Foundation
import Harness

struct NewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Scaffolds a baseline: one file and one registry line.",
    discussion: "Run it in a checkout of ieum; docs/adding-a-baseline.md walks through what comes next.")

  @Argument(help: "encoder, loss, dataset or experiment.") var kind: Scaffold.Kind
  @Argument(help: "Its name in kebab-case.") var name: String
  @Option(help: "The checkout to write into.") var root = "."

  func run() throws {
    for line in try Scaffold(kind, name: name, root: root).write() { print(line) }
  }
}

extension Scaffold.Kind: ExpressibleByArgument {}
