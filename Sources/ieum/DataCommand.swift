import ArgumentParser
import Basics
import Datasets
import Foundation

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Datasets: where they are expected, what is found or missing, split sizes.",
    subcommands: [List.self, Check.self, Prepare.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists the datasets.")
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      if json {
        try printJSON(
          DatasetRegistry.all.map {
            ["name": $0.name, "summary": $0.summary, "root": $0.defaultRoot, "splits": $0.splits] as [String: Any]
          })
        return
      }
      for spec in DatasetRegistry.all {
        print("\(spec.name): \(spec.summary)\n    \(spec.defaultRoot)")
        if !spec.splits.isEmpty { print("    splits: \(spec.splits.joined(separator: ", "))") }
      }
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Checks a dataset: files, split sizes, id-list hashes, completeness.")
    @Argument(help: "The dataset's name.") var name: String
    @OptionGroup var choice: DatasetChoiceOptions
    @Option(help: "films: items with fewer images are dropped.") var minimumImages: Int?
    @Flag(help: "Decode every file too.") var content = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      let spec = try DatasetRegistry.named(name)
      var options = try choice.options(for: spec)
      if let minimumImages { options.minimumImages = minimumImages }
      let report = spec.check(options, content: content)
      print(json ? try report.json() : report.text)
      if !report.ready {
        throw IeumError(
          .data, "dataset '\(name)' is not ready", file: report.root,
          remedy: report.missing.isEmpty ? "see the notes above" : "put in place: \(report.missing.joined(separator: "; "))")
      }
    }
  }

  struct Prepare: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a dataset where that is possible, or says exactly what to put where.")
    @Argument(help: "The dataset's name.") var name: String
    @OptionGroup var choice: DatasetChoiceOptions

    func run() throws {
      let spec = try DatasetRegistry.named(name)
      for line in try spec.prepare(try choice.options(for: spec)) { print(line) }
    }
  }
}
