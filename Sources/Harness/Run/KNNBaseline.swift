import Basics
import Models
import Ranking
import Tensors

/// Figure 31's K-NN: the concatenated features on the plane of their first two principal components (fitted on the
/// training items), where the K nearest by Euclidean distance are retrieved and nothing else. Encoders that would learn
/// with the joint model are used as initialised.
struct KNNBaseline {
  static let name = "knn-pca"
  static let parameters = [
    ParameterSpec("k", default: .int(11), "nearest neighbours that are retrieved"),
    ParameterSpec("components", default: .int(2), "principal components kept"),
  ]

  private let data: JointData
  private let seed: Int
  private let neighbours: Int
  private let components: Int

  init(_ data: JointData, _ config: CellConfig, seed: Int) throws {
    let values = try Parameters(config.model.parameters, specs: KNNBaseline.parameters, owner: "model 'knn-pca'")
    (self.data, self.seed) = (data, seed)
    (neighbours, components) = (values.int("k"), values.int("components"))
    guard neighbours > 0, components > 0 else {
      throw IeumError(.usage, "'k' and 'components' must be positive", place: "model 'knn-pca'", remedy: "give 1 or more")
    }
  }

  func vectors() throws -> SeedRun.Vectors {
    var generator = SeededGenerator(seed: UInt64(seed), purpose: "init")
    let (text, image) = (try data.text.network(&generator), try data.image.network(&generator))
    let (train, dimension) = try concatenated(data.train, text, image)
    let pca = try PCA.fit(train, dimension: dimension, components: components)
    return SeedRun.Vectors(
      vectors: try pca.project(try concatenated(data.evaluated, text, image).rows), dimension: components,
      similarity: .euclidean, depth: neighbours, selectedEpoch: 0)
  }

  private func concatenated(
    _ split: JointSplit, _ text: TrainableEncoder?, _ image: TrainableEncoder?
  ) throws -> (rows: [Float], dimension: Int) {
    try noGrad {
      let joined = try Tensor.cat([features(split.text, text), features(split.image, image)], dim: 1)
      return (try joined.floats(), joined.shape[1])
    }
  }

  /// A side's vectors, from its network in pieces where it has one.
  private func features(_ inputs: Tensor, _ encoder: TrainableEncoder?) throws -> Tensor {
    guard let encoder else { return inputs }
    encoder.module.train(false)
    let pieces = try stride(from: 0, to: inputs.shape[0], by: 64).map { start in
      try encoder.features(of: try inputs.narrow(dim: 0, start: start, length: min(64, inputs.shape[0] - start)))
    }
    return try Tensor.cat(pieces, dim: 0)
  }
}
