import ArgumentParser
import Basics
import Datasets
import Foundation
import Harness
import Ranking

/// How embeddings are ranked.
struct RankingOptions: ParsableArguments {
  @Option(help: "cosine, dot or euclidean; hamming for codes of 0 and 1, or of -1 and 1.") var similarity = "cosine"
  @Option(name: .customLong("metric"), help: "A metric, such as R@10 or cappedR@20. May be repeated.")
  var metrics: [String] = []
  @Option(help: "expected, optimistic, pessimistic; ce and clip4clip for comparison with that code.")
  var ties = "expected"
  @Option(help: "Change all scores first: dual-softmax or querybank. Results are labelled with it.")
  var rescore: String?
  @Option(help: "Factor in the rescoring's exponent (default: 100 for dual-softmax, 20 for querybank).")
  var rescoreScale: Double?
  @Option(name: .customLong("querybank"), help: "HDF5 file whose /features (or /querybank) are training queries.")
  var bankFile: String?
  @Option(help: "Seed of the bootstrap.") var seed: UInt64 = 0

  func settings() throws -> EvaluationSettings {
    let codes = similarity == "hamming"
    return EvaluationSettings(
      similarity: codes ? .euclidean : try Similarity.named(similarity), ties: try TiePolicy.named(ties),
      metrics: try metrics.map { try Metric.parse($0) },
      rescoring: try rescore.map { try .init(name: $0, scale: rescoreScale) }, seed: seed, binaryCodes: codes)
  }

  func querybank() throws -> [Float]? { try bankFile.map { try QueryBank.read($0) } }
}

/// Late fusion of the scores of two embedding files.
struct FusionOptions: ParsableArguments {
  @Option(help: "A second embedding file of the same queries and gallery, such as the sound's.") var fuse: String?
  @Option(help: "Share of the second file's scores, 0 to 1.") var ratio: Double?
  @Option(help: "Choose the share on this validation file …") var tuneOn: String?
  @Option(help: "… and its second embedding.") var tuneFuse: String?
  @Option(help: "Scores before they are added: none or z-score (per query).") var normalise = "none"

  func validate() throws {
    if fuse == nil, ratio != nil || tuneOn != nil || tuneFuse != nil {
      throw ValidationError("--ratio and --tune-on need --fuse")
    }
    guard fuse != nil else { return }
    guard (ratio == nil) != (tuneOn == nil), (tuneOn == nil) == (tuneFuse == nil) else {
      throw ValidationError("give either --ratio, or --tune-on and --tune-fuse")
    }
    if let ratio, !(0...1).contains(ratio) { throw ValidationError("--ratio must be from 0 to 1") }
    guard ScoreFusion.Normalisation(rawValue: normalise) != nil else {
      throw ValidationError("--normalise must be none or z-score")
    }
  }

  /// The fused embeddings, if fusion was asked for.
  func fused(with file: String, _ settings: EvaluationSettings) throws -> FusedFiles? {
    guard let fuse else { return nil }
    let normalisation = ScoreFusion.Normalisation(rawValue: normalise) ?? .none
    var share = ratio ?? 0
    if let tuneOn, let tuneFuse {
      share = try FusedFiles.ratio(validation: [tuneOn, tuneFuse], settings: settings, normalisation: normalisation)
      warn("ratio \(share) chosen on \(tuneOn)")
    }
    return try FusedFiles(
      [file, fuse], weights: [1 - share, share], similarity: settings.similarity, normalisation: normalisation)
  }
}

/// A dataset, one of its protocols, and the vectors to rank.
struct TaskOptions: ParsableArguments {
  @Option(help: "A dataset of `ieum data list`.") var dataset: String?
  @Option(help: "Vectors of captions (named ID#k) or class names.") var texts: String?
  @Option(name: [.customLong("items"), .customLong("gallery")], help: "Vectors of clips or pictures.")
  var items: String?
  @Option(help: "Vectors of the asking pictures, where a hashing protocol encodes them otherwise.")
  var queries: String?
  @Option(help: "Vectors of the same items in another modality (protocol pairs).") var partners: String?
  @Option(help: "Part of the split: test, validation or train.") var part = "test"
  @OptionGroup var choice: DatasetChoiceOptions
  @Flag(help: "Files hold a sequence of vectors per item: take the mean.") var pool = false
  @Flag(help: "Count rows without a vector as misses instead of refusing.") var allowMissing = false

  func sources() throws -> TaskEvaluation.Sources {
    func read(_ path: String?) throws -> VectorFile? { try path.map { try VectorFile.read($0, pooling: pool) } }
    return .init(
      texts: try read(texts), items: try read(items), partners: try read(partners), queries: try read(queries))
  }

  func tasks(_ name: String?) throws -> [RetrievalTask] {
    guard let dataset else { return [] }
    guard let split = Split(rawValue: part) else {
      throw Suggestion.unknown("part", part, known: Split.allCases.map(\.rawValue), place: "--part")
    }
    let spec = try DatasetRegistry.named(dataset)
    if let name, let hashing = HashingProtocol(rawValue: name) {
      guard split == .test else {
        throw IeumError(.usage, "'\(name)' has queries of its own", place: "--part", remedy: "leave --part away")
      }
      return [try hashing.task(of: try spec.load(try choice.options(for: spec)))]
    }
    let chosen = try RetrievalProtocol.named(name ?? RetrievalProtocol.textToVideo.rawValue)
    return try chosen.tasks(of: try spec.load(try choice.options(for: spec)), split: split)
  }
}

/// Where a dataset is and how it is to be loaded.
struct DatasetChoiceOptions: ParsableArguments {
  @Option(help: "The dataset's folder (for 'manifest': its file).") var root: String?
  @Option(help: "Language of the texts.") var language: String?
  @Option(
    name: .customLong("option"),
    help: ArgumentHelp(
      "A setting of the dataset; may be repeated: \(DatasetOptions.declared.map(\.name).joined(separator: ", ")).",
      valueName: "key=value"))
  var settings: [String] = []

  func options(for spec: any DatasetSpec) throws -> DatasetOptions {
    try DatasetOptions(
      root: root, language: language, values: try parameters(settings), owner: "dataset '\(spec.name)'")
  }
}
