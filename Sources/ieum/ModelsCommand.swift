import ArgumentParser
import Basics
import Foundation
import Harness
import Models

struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "Encoders and their weights: what there is, where it comes from, what is missing.",
    subcommands: [List.self, Check.self, Import.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists encoders and known weight files.")
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      let weights = WeightCatalog.all.map { WeightStatus($0, cache: Cache()) }
      if json {
        struct Listing: Encodable {
          let image: [String]
          let text: [String]
          let weights: [WeightStatus]
        }
        try printJSON(
          encoding: Listing(
            image: ImageEncoderRegistry.all.map(\.name), text: TextEncoderRegistry.all.map(\.name), weights: weights))
        return
      }
      print("image: " + ImageEncoderRegistry.all.map(\.name).joined(separator: ", "))
      print("text:  " + TextEncoderRegistry.all.map(\.name).joined(separator: ", "))
      for status in weights { print(status.text) }
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Checks the digests of the weight files in the cache.")
    @Argument(help: "A weight name; all without one.") var name: String?

    func run() throws {
      let entries = WeightCatalog.all.filter { name == nil || $0.name == name }
      if let name, entries.isEmpty {
        throw Suggestion.unknown("weights", name, known: WeightCatalog.all.map(\.name))
      }
      let states = try entries.map { try WeightStatus($0, cache: Cache()).checked() }
      for state in states { print(state.text) }
      if let bad = states.first(where: { $0.state == "damaged" }) {
        throw IeumError(.data, "has another digest than published", file: bad.path, remedy: bad.howToGet)
      }
      if let name, states[0].state == "missing" {
        throw IeumError(.data, "the weights '\(name)' are not there", file: states[0].path, remedy: states[0].howToGet)
      }
    }
  }

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Copies a weight file to the place where its name is looked for.")
    @Argument(help: "The weight file.") var file: String
    @Option(name: .customLong("as"), help: "The name under which it is known.") var name: String

    func run() throws {
      guard let entry = WeightCatalog.named(name) else {
        throw Suggestion.unknown("weights", name, known: WeightCatalog.all.map(\.name))
      }
      print(try WeightStatus(entry, cache: Cache()).importing(file))
    }
  }
}
