import Basics
import Datasets
import Foundation

/// Features that were made elsewhere or before, from feature files: `encoder: stored`, `weights:` the file's path, in which
/// `{dataset}` stands for each dataset's name.
struct StoredTower: TowerSide {
  static let name = "stored"
  let digest: String
  let weightsDigest: String
  let featurePaths: [String]
  /// Of each dataset's file.
  private let fileDigests: [String]
  private let datasets: [Dataset]
  private let modality: String

  init(_ choice: CellConfig.EncoderChoice, modality: String, datasets: [Dataset], cache: Cache) throws {
    featurePaths = datasets.map { choice.weights.replacing("{dataset}", with: $0.name) }
    fileDigests = try featurePaths.map { path in
      guard FileManager.default.fileExists(atPath: path) else {
        throw IeumError(
          .data, "no such feature file", file: path, place: "\(modality).weights",
          remedy: "write it (docs: feature files), or name an encoder that makes the features")
      }
      return try cache.digest(ofFile: path)
    }
    weightsDigest = Digest.of(fileDigests.joined(separator: "\n"))
    digest = Digest.of("stored \(modality) \(weightsDigest)")
    (self.datasets, self.modality) = (datasets, modality)
  }

  var notes: [String] { [] }

  func digest(reading places: [Int]) -> String {
    Digest.of("stored \(modality) " + places.map { fileDigests[$0] }.joined(separator: "\n"))
  }

  func inputs(_ progress: Progress) throws -> any TowerInputs {
    let files = try featurePaths.map { try FeatureFile.read($0) }
    guard let dimension = files.first?.dimension, files.allSatisfy({ $0.dimension == dimension }) else {
      throw IeumError(
        .data, "the files have vectors of \(files.map { "\($0.dimension)" }.joined(separator: ", "))",
        place: "\(modality).weights", remedy: "give features of one encoder for all datasets")
    }
    var inputs = StoredInputs(dimension: dimension)
    for (number, (dataset, file)) in zip(datasets, files).enumerated() {
      for item in dataset.allItems {
        let key = ItemKey(dataset: number, id: item.id)
        if modality == "text" {
          inputs.add(key, try captions(dataset, item, file))
        } else if let vectors = file.vectors(of: item.id) {
          inputs.add(key, vectors)
        }
      }
      inputs.addErrors(of: file, dataset, number: number)
    }
    return inputs
  }

  /// A row per caption under `ID#k`, or one under the item's id.
  private func captions(_ dataset: Dataset, _ item: DatasetItem, _ file: FeatureFile) throws -> [Float] {
    try dataset.captions(of: item).indices.flatMap { number -> ArraySlice<Float> in
      let name = DatasetItem.captionID(item.id, number)
      guard let vector = file.vectors(of: name) ?? file.vectors(of: item.id), vector.count == file.dimension else {
        throw IeumError(
          .data, "has no vector of the caption '\(name)'", file: file.path,
          remedy: "write one row per caption, named ID#0, ID#1, …")
      }
      return vector
    }
  }
}
