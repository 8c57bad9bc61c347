import Basics
import Models
import Ranking
import Tensors

/// Figure 31's K-NN: the concatenated features on the plane of their first two principal components (fitted on the
/// training items), compared by Euclidean distance.
struct KNNBaseline {
  static let name = "knn-pca"
  static let parameters = [
    ParameterSpec("k", default: .int(11), "neighbours that are looked at; named in the table, ranks need no K"),
    ParameterSpec("components", default: .int(2), "principal components kept"),
  ]

  private let data: JointData
  private let components: Int

  init(_ data: JointData, _ config: CellConfig) throws {
    let values = try Parameters(config.model.parameters, specs: KNNBaseline.parameters, owner: "model 'knn-pca'")
    self.data = data
    components = values.int("components")
  }

  func vectors() throws -> SeedRun.Vectors {
    let (train, dimension) = try concatenated(data.train)
    let pca = try PCA.fit(train, dimension: dimension, components: components)
    return SeedRun.Vectors(
      vectors: try pca.project(try concatenated(data.evaluated).rows), dimension: components, similarity: .euclidean,
      selectedEpoch: 0)
  }

  private func concatenated(_ split: JointSplit) throws -> (rows: [Float], dimension: Int) {
    let joined = try Tensor.cat([try split.text.to(.float32), split.image], dim: 1)
    return (try joined.floats(), joined.shape[1])
  }
}
