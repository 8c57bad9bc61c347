import Basics
import Datasets
import Foundation
import Harness
import Models
import Weights

extension FuzzTarget {
  static let all: [FuzzTarget] = [
    FuzzTarget(name: "safetensors", read: weights),
    FuzzTarget(name: "pytorch", read: weights),
    FuzzTarget(name: "word-vectors") { path in
      let vectors = try WordVectors.read(path)
      for word in vectors.words.prefix(64) { _ = vectors[word] }
    },
    FuzzTarget(name: "npy") { path in _ = try WordVectors.read(path, vocabulary: path) },
    FuzzTarget(name: "pickle") { path in _ = try PickleTable.read(path).arrays() },
    FuzzTarget(name: "csv", suffix: ".csv", read: manifest),
    FuzzTarget(name: "jsonl", suffix: ".jsonl", read: manifest),
    FuzzTarget(name: "tokenizer", suffix: ".json") { path in
      _ = try WordPieceTokenizer(tokenizerJSON: path).pieces("a dog's unaffordable Café 검은새")
    },
    FuzzTarget(name: "vocabulary", suffix: ".txt") { path in
      _ = try WordPieceTokenizer(vocabularyFile: path).pieces("a dog's unaffordable Café 검은새")
    },
    FuzzTarget(name: "msrvtt", allowance: 4 << 20) { path in
      try load("msrvtt", path, as: "MSRVTT_data.json") { $0.split = "full" }
    },
    FuzzTarget(name: "karpathy") { path in
      try each([
        { try load("coco", path, as: "dataset_coco.json") },
        { try load("flickr30k", path, as: "dataset_flickr30k.json") { $0.split = "f30k-karpathy" } },
      ])
    },
    FuzzTarget(name: "vggsound") { path in
      try each([
        { try load("vggsound", path, as: "vggsound.csv") { $0.split = "vggsound-full" } },
        { try load("vggsound", path, as: "train.csv", "test.csv") { $0.split = "vggsound-199176" } },
      ])
    },
    FuzzTarget(name: "korean-clips") { path in
      try each([
        { try load("korean-clips", path, as: "clips.csv") },
        { try load("korean-clips", path, as: "clips.csv", "split.csv") },
      ])
    },
    FuzzTarget(name: "emoji-font", allowance: 8 << 20) { path in _ = try EmojiFont(path: path).pictures },
    FuzzTarget(name: "emoji-names") { path in _ = try EmojiNames(path: path).captions },
    // A gzipped vocabulary may unpack to 64 MiB.
    FuzzTarget(name: "clip-vocabulary", allowance: 160 << 20) { path in
      try each([
        { try tokenize(ClipTokenizer(file: path)) },
        { try tokenize(ClipTokenizer(file: try besideMerges(path))) },
      ])
    },
    FuzzTarget(name: "bert-config", suffix: ".json") { path in _ = try BertConfig(file: path) },
    FuzzTarget(name: "experiment", suffix: ".yaml") { path in _ = try Experiment.load(path) },
    FuzzTarget(name: "paper-table", suffix: ".csv") { path in _ = try CSVTable.read(path).column("row") },
    // libhdf5 takes a few megabytes for itself.
    FuzzTarget(name: "features", allowance: 16 << 20) { path in
      let file = try FeatureFile.read(try HDF5Builder.made(from: path) { try $0.features() })
      for id in file.ids { _ = try? file.matrix(of: [id]) }
    },
    FuzzTarget(name: "embeddings", allowance: 16 << 20) { path in
      _ = try EmbeddingFile.read(try HDF5Builder.made(from: path) { try $0.embeddings() })
    },
  ]

  @Sendable private static func weights(_ path: String) throws {
    for tensor in try WeightFile.read(path).tensors { _ = try tensor.floats() }
  }

  /// A dataset whose files of these names all hold the input.
  @Sendable private static func load(
    _ name: String, _ path: String, as files: String..., options change: (inout DatasetOptions) -> Void = { _ in }
  ) throws {
    var options = DatasetOptions(root: try InputFolder(path, names: files).path)
    (options.acceptOtherData, options.allowLeakage) = (true, true)
    change(&options)
    _ = try DatasetRegistry.named(name).load(options)
  }

  /// One reading that refuses the input does not keep the others from it.
  @Sendable private static func each(_ readings: [() throws -> Void]) throws {
    for reading in readings { do { try reading() } catch is IeumError {} }
  }

  /// The input as Hugging Face's `vocab.json` beside a few merges.
  private static func besideMerges(_ path: String) throws -> String {
    let folder = try InputFolder(path, names: ["vocab.json"])
    let merges = folder.path("merges.txt")
    if !FileManager.default.fileExists(atPath: merges) {
      try AtomicFile.write("#version: 0.2\nt h\nth e</w>\nd o\ndo g</w>\n", to: merges)
    }
    return merges
  }

  @Sendable private static func tokenize(_ tokenizer: ClipTokenizer) throws {
    _ = try tokenizer.encode("a dog's unaffordable Café 검은새 &amp; <|endoftext|>", maxTokens: 32)
  }

  @Sendable private static func manifest(_ path: String) throws {
    _ = try DatasetRegistry.named("manifest").load(DatasetOptions(root: path))
  }
}
