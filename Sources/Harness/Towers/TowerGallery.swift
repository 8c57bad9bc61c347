import Basics
import Datasets
import Models
import Ranking

/// Ranks the evaluated items in all wanted directions, and scores the network on validation items.
struct TowerGallery {
  let task: TowerTask
  let data: TowerData
  let embedder: TowerEmbedder
  let skipped: SkippedItems

  /// Vectors of some items in every modality.
  private struct Vectors {
    let texts: ItemVectors
    let image: ItemVectors?
    let audio: ItemVectors?
    /// The clips' own vectors before any mixing: pictures, or sounds where there is no image tower.
    var clips: ItemVectors { image ?? audio ?? ItemVectors(names: [], rows: [], dimension: texts.dimension) }
  }

  private func vectors(_ items: [DatasetItem], dataset: Int, withAudio: Bool = true) throws -> Vectors {
    let needsAudio = withAudio || embedder.inputs[.image] == nil
    let vectors = Vectors(
      texts: try embedder.texts(items, dataset: dataset),
      image: try embedder.clips(.image, items, dataset: dataset),
      audio: needsAudio ? try embedder.clips(.audio, items, dataset: dataset) : nil)
    for side in [vectors.image, vectors.audio].compactMap({ $0 }) {
      skipped.add(
        Dictionary(side.failures.map { ("\(task.datasets[dataset].name)/\($0.key)", $0.value) }, uniquingKeysWith: { $1 }))
    }
    return vectors
  }

  /// What the best epoch is chosen by: text to clip on validation items, by their pictures alone.
  func validationScore() throws -> Double {
    let vectors = try vectors(data.validation, dataset: task.validationDataset, withAudio: false)
    return try score(vectors, clips: vectors.clips)
  }

  /// The share of sound that does best on validation items.
  func chosenShare() throws -> Double {
    let shares = task.towers.audioShares
    guard shares.count > 1, embedder.inputs[.image] != nil, embedder.inputs[.audio] != nil else { return shares.first ?? 0 }
    let vectors = try vectors(data.validation, dataset: task.validationDataset)
    return try ClipMix.best(shares) { share in
      try score(vectors, clips: ClipMix.mixed(image: vectors.clips, audio: vectors.audio, share: share))
    }
  }

  private func score(_ vectors: Vectors, clips: ItemVectors) throws -> Double {
    let metric = try Metric.parse(task.towers.select)
    let dataset = task.datasets[task.validationDataset]
    let file = try DirectionFile(
      .textToClip, items: data.validation, dataset: dataset, texts: vectors.texts, clips: clips, image: nil, audio: nil
    ).embeddings
    let problem = try RankingProblem(
      queries: file.queries, gallery: file.gallery, dimension: file.dimension, indptr: file.relevanceOffsets,
      indices: file.relevantRows)
    let value = try RankingEvaluator.evaluate(problem, similarity: .cosine, metrics: [metric]).metrics.first?.value ?? 0
    return metric.better == .lower ? -value : value
  }

  /// Ranks every direction; embeddings and ranks are written into the folder.
  /// - Returns: also the evaluated items that have no vector.
  func rank(share: Double, seed: Int, folder: String) throws -> (ranked: RankedDirections, missing: [String]) {
    let vectors = try vectors(data.evaluated, dataset: 0)
    let clips = ClipMix.mixed(image: vectors.clips, audio: vectors.audio, share: share)
    let settings = task.config.evaluation
    let ranked = try RankedDirections(
      task.towers.directions, settings, galleries: data.galleries,
      similarity: try task.similarity(), seed: seed, folder: folder
    ) { direction, items in
      try DirectionFile(
        direction, items: items, lost: data.lost, dataset: task.dataset, texts: vectors.texts, clips: clips,
        image: vectors.image, audio: vectors.audio)
    }
    return (ranked, data.evaluated.map(\.id).filter { !clips.has($0) })
  }
}
