import Basics
import Datasets
import Models
import Ranking

/// Ranks the evaluated items in all wanted directions, and scores the network on validation items.
struct TowerGallery {
  let task: TowerTask
  let data: TowerData
  let embedder: TowerEmbedder

  /// The metrics of all directions; those of the first carry no prefix.
  struct Ranked {
    var metrics: [String: Double] = [:]
    var ci95: [String: [Double]] = [:]
    var chance: [String: Double] = [:]
    var ceiling: [String: Double] = [:]
    /// Tie policy → metric → value.
    var policies: [String: [String: Double]] = [:]
    var tiedQueries = 0
    var queries = 0
    var gallery = 0
    /// Listed items of the split without a vector.
    var missing = 0
  }

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
    return Vectors(
      texts: try embedder.texts(items, dataset: dataset),
      image: try embedder.clips(.image, items, dataset: dataset),
      audio: needsAudio ? try embedder.clips(.audio, items, dataset: dataset) : nil)
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
    let file = try DirectionFile.make(
      .textToClip, items: data.validation, dataset: dataset, texts: vectors.texts, clips: clips, image: nil, audio: nil)
    let problem = try RankingProblem(
      queries: file.queries, gallery: file.gallery, dimension: file.dimension, indptr: file.relevanceOffsets,
      indices: file.relevantRows)
    let value = try RankingEvaluator.evaluate(problem, similarity: .cosine, metrics: [metric]).metrics.first?.value ?? 0
    return metric.better == .lower ? -value : value
  }

  /// Ranks every direction; embeddings and ranks are written into the folder.
  func rank(share: Double, seed: Int, folder: String) throws -> Ranked {
    let vectors = try vectors(data.evaluated, dataset: 0)
    let clips = ClipMix.mixed(image: vectors.clips, audio: vectors.audio, share: share)
    var ranked = Ranked()
    ranked.missing = data.evaluated.count { !clips.has($0.id) }
    for (place, direction) in task.towers.directions.enumerated() {
      let file = try DirectionFile.make(
        direction, items: data.evaluated, dataset: task.dataset, texts: vectors.texts, clips: clips,
        image: vectors.image, audio: vectors.audio)
      let suffix = place == 0 ? "" : "-\(direction.rawValue)"
      try file.write(to: "\(folder)/embeddings\(suffix).h5")
      let run = try RankedRun(
        file, task.config.evaluation, similarity: try Similarity.named(task.config.evaluation.similarity),
        seed: seed, folder: folder, ranks: RanksFile.name(place == 0 ? nil : direction.rawValue))
      let prefix = place == 0 ? "" : "\(direction.rawValue) "
      for (name, value) in run.metrics { ranked.metrics[prefix + name] = value }
      for (name, value) in run.ci95 { ranked.ci95[prefix + name] = value }
      for (name, value) in run.chance { ranked.chance[prefix + name] = value }
      for (name, value) in run.ceiling { ranked.ceiling[prefix + name] = value }
      for (policy, values) in run.policies {
        for (name, value) in values { ranked.policies[policy, default: [:]][prefix + name] = value }
      }
      guard place == 0 else { continue }
      (ranked.tiedQueries, ranked.queries, ranked.gallery) = (run.tiedQueries, file.queryCount, file.galleryCount)
    }
    return ranked
  }
}

/// Queries, gallery and ground truth of one direction.
enum DirectionFile {
  /// - Parameters:
  ///   - clips: what stands for a clip in the gallery, pictures and sound mixed.
  ///   - image, audio: each alone, for the directions between them.
  /// - Throws: ``IeumError`` (data) when nothing can be ranked in this direction.
  static func make(
    _ direction: RankedDirection, items: [DatasetItem], dataset: Dataset, texts: ItemVectors, clips: ItemVectors,
    image: ItemVectors?, audio: ItemVectors?
  ) throws -> EmbeddingFile {
    let captions = Captions(items: items, dataset: dataset)
    switch direction {
    case .textToClip: return try file(direction, captions.side(texts), Self.items(items, clips))
    case .clipToText, .clipToTextGrouped: return try file(direction, Self.items(items, clips), captions.side(texts))
    case .imageToAudio: return try file(direction, Self.items(items, image, with: audio), Self.items(items, audio, with: image))
    case .audioToImage: return try file(direction, Self.items(items, audio, with: image), Self.items(items, image, with: audio))
    case .textToAudio: return try file(direction, captions.side(texts), Self.items(items, audio))
    case .audioToText: return try file(direction, Self.items(items, audio), captions.side(texts))
    }
  }

  /// Rows of one side: name, vector, and what it belongs to.
  struct Side {
    var names: [String] = []
    var rows: [Float] = []
    /// Two rows are relevant to each other when they share one of these.
    var owners: [Set<String>] = []
    var dimension = 0
  }

  private static func items(_ items: [DatasetItem], _ vectors: ItemVectors?, with other: ItemVectors? = nil) -> Side {
    guard let vectors else { return Side() }
    var side = Side(dimension: vectors.dimension)
    for item in items where other?.has(item.id) ?? true {
      guard let row = vectors[item.id] else { continue }
      side.names.append(item.id)
      side.rows += row
      side.owners.append([item.id])
    }
    return side
  }

  private static func file(_ direction: RankedDirection, _ queries: Side, _ gallery: Side) throws -> EmbeddingFile {
    var rowsOf: [String: [Int]] = [:]
    for (row, owners) in gallery.owners.enumerated() { for owner in owners { rowsOf[owner, default: []].append(row) } }
    let relevant = queries.owners.map { owners in Set(owners.flatMap { rowsOf[$0] ?? [] }).sorted() }
    let kept = relevant.indices.filter { !relevant[$0].isEmpty }
    guard !kept.isEmpty else {
      throw IeumError(
        .data, "no item of the split has what '\(direction.rawValue)' compares", place: "evaluation.directions",
        remedy: "leave this direction out")
    }
    let d = queries.dimension
    return EmbeddingFile(
      queries: kept.flatMap { queries.rows[$0 * d..<($0 + 1) * d] }, gallery: gallery.rows, dimension: d,
      relevant: kept.map { relevant[$0] }, queryIDs: kept.map { queries.names[$0] }, galleryIDs: gallery.names)
  }

  /// The texts of a split: captions, or class names that stand for all items of the class.
  private struct Captions {
    let items: [DatasetItem]
    let dataset: Dataset

    func side(_ vectors: ItemVectors) -> Side {
      var side = Side(dimension: vectors.dimension)
      var seen: Set<String> = []
      for item in items {
        let label = dataset.textRelevance == .label ? item.label : nil
        if let label, !seen.insert(label).inserted { continue }
        let owners = label == nil ? [item.id] : Set(items.filter { $0.label == label }.map(\.id))
        let count = label == nil ? dataset.captions(of: item).count : 1
        for number in 0..<count {
          let name = DatasetItem.captionID(item.id, number)
          guard let row = vectors[name] else { continue }
          side.names.append(label ?? name)
          side.rows += row
          side.owners.append(owners)
        }
      }
      return side
    }
  }
}
