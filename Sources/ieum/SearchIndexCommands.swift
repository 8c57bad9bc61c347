import ArgumentParser
import Basics
import Datasets
import Foundation
import Harness
import Search

extension IndexCommand {
  struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes an index that `ieum search` and `ieum serve` use: vectors, items, captions, thumbnails, model.")

    @Argument(help: "The folder to make.") var folder: String
    @Option(help: "A dataset of `ieum data list`.") var dataset: String?
    @Option(help: "The dataset's folder (for 'manifest': its file).") var root: String?
    @Option(help: "Language of the shown captions.") var language: String?
    @Option(name: .customLong("split"), help: "Only this split. May be repeated.") var splits: [Split] = []
    @Option(name: .customLong("media"), help: "A picture, a film, a sound, or a folder of them. May be repeated.")
    var media: [String] = []
    @Option(help: "Experiment whose model encodes (default: as the default index chooses it).") var model: String?
    @Option(help: "The experiment's cell (default: its first).") var cell: String?
    @Option(help: "exact, forest, hnsw, …") var index = SearchDatabase.defaultIndex
    @OptionGroup var cuts: CutOptions
    @OptionGroup var given: IndexParameters
    @OptionGroup var engine: EngineOptions

    func validate() throws {
      if dataset == nil, media.isEmpty { throw ValidationError("give --dataset or --media") }
      if cell != nil, model == nil { throw ValidationError("--cell needs --model") }
    }

    func run() throws {
      let parameters = try given.single()
      var options = DatasetOptions()
      (options.root, options.language) = (root, language)
      let spec = try dataset.map { try DatasetRegistry.named($0) }
      let data = try spec.map { try $0.load(options) }
      try engine.apply()
      let trained = try model.map { try SearchModel.trained($0, cell: cell) } ?? DefaultModel.best { warn($0) }
      let encoder = try trained.encoder()
      let database = try SearchDatabase.build(folder) { scratch in
        let database = try SearchDatabase.create(
          scratch, model: trained, dimension: encoder.dimension, index: index, parameters: parameters)
        let ingest = SearchIngest(database, encoder: encoder)
        if let data, let spec {
          let chosen = splits.isEmpty ? nil : splits
          report(
            try ingest.add(
              data, root: options.root ?? spec.defaultRoot, splits: chosen, seconds: cuts.seconds, shots: cuts.shots,
              progress: progressLine))
        }
        if !media.isEmpty {
          report(try ingest.add(files: media, seconds: cuts.seconds, shots: cuts.shots, progress: progressLine))
        }
        guard try database.summary().items > 0 else { throw IeumError(.data, "nothing could be indexed", file: folder) }
        return database
      }
      let summary = try database.summary()
      print("\(folder): \(summary.items) items, \(summary.index) index, model: \(trained.card.title)")
    }
  }

  struct Default: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes the default index anew, with the best on validation of the models trained here.")
    @Flag(help: "Train the candidates that are not trained yet, too (half an hour).") var train = false
    @OptionGroup var engine: EngineOptions

    func run() throws {
      try engine.apply()
      let database = try DefaultSearch.make(trains: train) { warn($0) }
      print("\(database.folder): \(try database.summary().items) items\nmodel: \(try database.model().card.summary)")
    }
  }

  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Adds pictures and films, where the model hears also sounds, to a search index.")
    @Argument(help: "The folder of the index.") var folder: String
    @Argument(help: "Pictures, films, or folders of them.") var paths: [String]
    @OptionGroup var cuts: CutOptions
    @OptionGroup var engine: EngineOptions

    func run() throws {
      let database = try SearchDatabase.open(folder)
      try engine.apply()
      let outcome = try SearchIngest(database, encoder: try database.model().encoder())
        .add(files: paths, seconds: cuts.seconds, shots: cuts.shots, progress: progressLine)
      report(outcome)
      if outcome.added == 0 { throw IeumError(.data, "nothing could be added", file: folder) }
      print("\(folder): \(outcome.added) added, \(try database.summary().items) items")
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Removes items from a search index.")
    @Argument(help: "The folder of the index.") var folder: String
    @Argument(help: "Ids of items.") var ids: [String]

    func run() throws {
      let writer = try SearchWriter(try SearchDatabase.open(folder))
      let missing = try writer.remove(ids)
      if try writer.isRebuildDue() { try writer.rebuild() }
      print("\(folder): \(ids.count - missing.count) removed")
      if !missing.isEmpty {
        throw IeumError(.data, "no item '\(missing[0])'" + (missing.count > 1 ? " (and \(missing.count - 1) more)" : ""), file: folder)
      }
    }
  }

  struct Rebuild: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Drops removed items and builds a search index anew; searches go on meanwhile.")
    @Argument(help: "The folder of the index.") var folder: String

    func run() throws {
      let database = try SearchDatabase.open(folder)
      try SearchWriter(database).rebuild()
      print("\(folder): \(try database.summary().items) items")
    }
  }

  struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "What a search index holds.")
    @Argument(help: "The folder of the index.") var folder: String
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      let database = try SearchDatabase.open(folder)
      let (summary, card) = (try database.summary(), try database.model().card)
      struct Description: Encodable {
        let summary: SearchDatabase.Summary
        let model: SearchModel.Card
      }
      if json { return try printJSON(encoding: Description(summary: summary, model: card)) }
      print("\(summary.items) items (\(summary.removed) removed, \(summary.waiting) not in the index yet)")
      for (name, count) in summary.datasets.sorted(by: { $0.key < $1.key }) { print("  \(name): \(count)") }
      print("captions in \(summary.languages.joined(separator: ", "))")
      print("\(summary.index) index over vectors of \(summary.dimension)")
      let encoders = [card.text, card.image, card.audio].compactMap { $0?.encoder }.joined(separator: " + ")
      print("model: \(card.summary)\n  \(encoders), digest \(card.digest.prefix(16))")
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads a whole search index and tells what is damaged, and which media vanished (exit status 65 then).")
    @Argument(help: "The folder of the index.") var folder: String
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      let database = try SearchDatabase.open(folder)
      var check = try database.check()
      do { _ = try database.model().encoder() } catch let error as IeumError { check.damaged.append("\(error)") }
      if json {
        try printJSON(encoding: check)
      } else {
        for line in check.damaged { print("damaged: \(line)") }
        tell(check.missingMedia, "media file(s) vanished")
        tell(check.missingThumbnails, "thumbnail(s) missing, of")
        if !check.isVerified { print("some vectors have no digest yet; `ieum index rebuild` gives them one") }
      }
      guard check.isSound else {
        throw IeumError(
          .data, check.damaged.isEmpty ? "names files that are not there" : "is damaged", file: folder,
          remedy: check.damaged.isEmpty ? "put them back, or remove their items" : "make the index again")
      }
      if !json { print("\(folder): \(try database.summary().items) items, sound") }
    }

    private func tell(_ names: [String], _ what: String) {
      guard !names.isEmpty else { return }
      print("\(names.count) \(what): " + names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", …" : ""))
    }
  }
}

/// How films become clips.
struct CutOptions: ParsableArguments {
  @Option(help: "Films are cut into clips of so many seconds; with --shots, the longest clip.") var seconds = 20.0
  @Flag(help: "Cut films where one shot ends and the next begins.") var shots = false

  func validate() throws {
    if seconds <= 0 || !seconds.isFinite { throw ValidationError("--seconds must be greater than 0") }
  }
}

private func report(_ outcome: SearchIngest.Outcome) {
  guard let first = outcome.failed.first else { return }
  warn("\(outcome.failed.count) item(s) left out; the first: \(first.id): \(first.reason)")
}

/// A line that counts up on a terminal.
private func progressLine(_ done: Int, _ all: Int) {
  guard isatty(STDERR_FILENO) != 0 else { return }
  FileHandle.standardError.write(Data("\r\(done)/\(all) items\(done == all ? "\n" : "")".utf8))
}

extension Split: ExpressibleByArgument {}
