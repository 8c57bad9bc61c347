import ArgumentParser
import Basics
import Datasets
import Foundation
import Harness

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Datasets: where they are expected, what is found or missing, split sizes.",
    subcommands: [List.self, Check.self, Prepare.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists the datasets.")
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      if json {
        try printJSON(DatasetRegistry.all.map { ["name": $0.name, "summary": $0.summary, "root": $0.defaultRoot] })
      } else {
        for spec in DatasetRegistry.all { print("\(spec.name): \(spec.summary)\n    \(spec.defaultRoot)") }
      }
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Checks a dataset and shows its splits.")
    @Argument(help: "The dataset's name.") var name: String
    @Option(help: "Its folder (for 'manifest': its file).") var root: String?
    @Option(help: "Language of the texts.") var language: String?
    @Option(help: "films: items with fewer images are dropped.") var minimumImages: Int?
    @Flag(help: "Read every picture too.") var content = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      var options = DatasetOptions(root: root, language: language)
      if let minimumImages { options.minimumImages = minimumImages }
      let report = try DatasetRegistry.named(name).check(options, content: content)
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
      abstract: "Makes what a dataset needs from what is there (stamps-clips: its films); runs and checks do so too.")
    @Argument(help: "The dataset's name.") var name: String
    @Option(help: "Its folder (for 'manifest': its file).") var root: String?

    func run() throws {
      let spec = try DatasetRegistry.named(name)
      let options = DatasetOptions(root: root)
      let progress = Progress()
      var made = 0
      try spec.prepare(options) { done, total in
        if done == 0 { progress.start("making \(name)", total: total) } else { progress.moved(to: done) }
        made = total
      }
      progress.finish()
      let dataset = try spec.load(options)
      print("\(name): \(dataset.allItems.count) items ready, \(made) made now")
    }
  }
}
