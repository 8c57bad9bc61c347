import ArgumentParser
import Basics
import Datasets
import Foundation
import Harness
import Tensors

struct FeaturesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "features", abstract: "Fills and inspects the feature store.", subcommands: [Extract.self, Import.self, Show.self])

  struct Extract: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Encodes a dataset; goes on where it was interrupted.")
    @Option(help: "A dataset of `ieum data list`.") var dataset: String
    @OptionGroup var choice: DatasetChoiceOptions
    @Option(help: "A registered encoder.") var encoder: String
    @Option(help: "Weight file, a name of `ieum models list`, or 'random'.") var weights = "random"
    @Option(help: "Seed of random weights.") var seed = 0
    @Option(help: "Arithmetic of the encoder: f32 or bf16.") var precision: InferencePrecision = .f32
    @Option(help: "Where the encoder computes: cpu, cuda or cuda:N.") var device: Device = .cpu
    @Option(help: "Films: how many frames are looked at (default 12).") var frames: Int?
    @Option(help: "Films: which frames: uniform (default), clip4clip or fps=r.") var sampling: String?
    @Option(name: .customLong("param"), parsing: .upToNextOption, help: "Of the encoder: key=value. May be repeated.")
    var parameters: [String] = []
    @OptionGroup var engine: EngineOptions

    func run() throws {
      var given = try ieum.parameters(parameters)
      if let frames { given["frames"] = .int(frames) }
      if let sampling { given["sampling"] = .string(sampling) }
      let extraction = try FeatureExtraction(
        dataset: dataset, root: choice.root, language: choice.language, options: try ieum.parameters(choice.settings),
        encoder: encoder, weights: weights, seed: seed, precision: precision, device: device, parameters: given)
      try device.check(place: "--device")
      try engine.apply()
      let file = try extraction.run()
      if !file.errors.isEmpty { warn("\(file.errors.count) item(s) could not be encoded; see `ieum features show`") }
      if !file.partial.isEmpty { warn("\(file.partial.count) item(s) were encoded in part; see `ieum features show`") }
      print(file.path)
    }
  }

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a feature file of features that another program computed.",
      discussion: """
        Reads a pickle of id → array (collaborative-experts, MoEE; nothing in it is executed), an array .npy with its ids, a \
        folder of HDF5 files with one video each (MMT), or the arrays of dataset 'precomputed' (vsepp, SCAN).
        """)
    @Argument(help: "A pickle, a .npy file or a folder of .h5 files; none with --dataset.") var source: String?
    @Option(help: "Instead of a file: a dataset whose features are precomputed.") var dataset: String?
    @OptionGroup var choice: DatasetChoiceOptions
    @Option(help: "The ids of a .npy file's rows, one a line.") var ids: String?
    @Option(help: "Of a folder: which features.EXPERT.") var expert: String?
    @Option(help: "What the features are of: image, video, audio or text.") var modality = "video"
    @Option(help: "What made them, for the record.") var name = "imported"
    @Option(help: "The feature file to write.") var out: String

    func run() throws {
      guard let kind = FeatureAttributes.Modality(rawValue: modality) else {
        throw Suggestion.unknown("modality", modality, known: FeatureAttributes.Modality.allCases.map(\.rawValue))
      }
      let file = try FeatureImport(try chosen(), name: name, modality: kind).write(to: out)
      if !file.errors.isEmpty { warn("\(file.errors.count) item(s) have no features; see `ieum features show`") }
      print(file.path)
    }

    private func chosen() throws -> FeatureImport.Source {
      switch (source, dataset) {
      case (let path?, nil): return .path(path, ids: ids, expert: expert)
      case (nil, let name?):
        let spec = try DatasetRegistry.named(name)
        return .dataset(try spec.load(try choice.options(for: spec)))
      default:
        throw IeumError(.usage, "one of a file and --dataset is needed", remedy: "see ieum features import --help")
      }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows what a feature file holds.")
    @Argument(help: "A feature file.") var file: String
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      let features = try FeatureFile.read(file)
      if json {
        struct Summary: Encodable {
          let attributes: FeatureAttributes
          let items: Int
          let errors: [EncodingFailure]
          let partial: [EncodingFailure]
        }
        try printJSON(
          encoding: Summary(
            attributes: features.attributes, items: features.ids.count, errors: features.errors, partial: features.partial))
        return
      }
      let about = features.attributes
      print("\(about.modality.rawValue) features of '\(about.dataset)' by '\(about.encoder)'")
      let frames = features.offsets?.last.map { " with \($0) vectors" } ?? ""
      print("\(features.ids.count) items\(frames) × \(about.dimension)")
      print("dataset digest \(about.datasetDigest)\nencoder digest \(about.encoderDigest)")
      for error in features.errors { print("error: \(error.id): \(error.message)") }
      for remark in features.partial { print("in part: \(remark.id): \(remark.message)") }
    }
  }
}
