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
    FuzzTarget(name: "csv", suffix: ".csv", read: manifest),
    FuzzTarget(name: "jsonl", suffix: ".jsonl", read: manifest),
    FuzzTarget(name: "tokenizer", suffix: ".json") { path in
      _ = try WordPieceTokenizer(tokenizerJSON: path).pieces("a dog's unaffordable Café 검은새")
    },
    FuzzTarget(name: "vocabulary", suffix: ".txt") { path in
      _ = try WordPieceTokenizer(vocabularyFile: path).pieces("a dog's unaffordable Café 검은새")
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

  @Sendable private static func manifest(_ path: String) throws {
    _ = try DatasetRegistry.named("manifest").load(DatasetOptions(root: path))
  }
}
