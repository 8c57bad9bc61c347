import Basics
import Datasets
import Foundation
import Models
import Ranking
import Tensors

/// Ranks clips by texts and texts by clips with a network.
struct ClipRanking {
  let task: ClipTask
  let data: ClipData
  let network: Clip4ClipNetwork
  let skipped: SkippedItems

  /// Texts of a piece of the work, and clips: speed and memory alone depend on them.
  private static let textPiece = 128
  private var clipPiece: Int { max(1, 256 / task.frames) }

  /// The metric that the best epoch is chosen by, on the validation items; larger is better.
  func validationScore() throws -> Double {
    let metric = try Metric.parse(task.clips.select)
    let number = task.validationDataset
    let vectors = try vectors(data.validation, dataset: number)
    let file = try DirectionFile(
      task.clips.directions[0], items: data.validation, dataset: task.datasets[number], texts: vectors.texts,
      clips: vectors.clips, image: nil, audio: nil
    ).embeddings
    let problem = try RankingProblem(
      queries: file.queries, gallery: file.gallery, dimension: file.dimension, indptr: file.relevanceOffsets,
      indices: file.relevantRows, exclude: file.exclude)
    let result = try RankingEvaluator.evaluate(
      problem, similarity: task.similarity(), ties: .expected, metrics: [metric])
    guard let value = result.metrics.first?.value else { return 0 }
    return metric.better == .lower ? -value : value
  }

  /// Ranks every direction; embeddings and ranks are written into the folder.
  /// - Returns: also the evaluated items that have no vector.
  func rank(seed: Int, folder: String) throws -> (ranked: RankedDirections, missing: [String]) {
    let vectors = try vectors(data.evaluated, dataset: 0)
    let ranked = try RankedDirections(
      task.clips.directions, task.config.evaluation, galleries: data.galleries,
      similarity: task.similarity(), seed: seed, folder: folder
    ) { direction, items in
      try DirectionFile(
        direction, items: items, lost: task.config.evaluation.lost(of: task.dataset), dataset: task.dataset,
        texts: vectors.texts, clips: vectors.clips, image: nil, audio: nil)
    }
    return (ranked, data.evaluated.map(\.id).filter { !vectors.clips.has($0) })
  }

  /// Captions named `ID#k` and clips named by their ids, comparable by the task's similarity.
  private func vectors(_ items: [DatasetItem], dataset number: Int) throws -> (texts: ItemVectors, clips: ItemVectors) {
    network.train(false)
    let dataset = task.datasets[number]
    let captions = items.flatMap { item in
      dataset.captions(of: item).enumerated().map { (name: DatasetItem.captionID(item.id, $0), text: $1) }
    }
    return try noGrad {
      let texts = try pieces(captions.count, Self.textPiece) { range in
        try network.textVectors(data.texts(captions[range].map(\.text))).to(.float32)
      }
      let known = items.filter { data.pixels[number].has($0.id) }
      var (lengths, lost): ([Int], [String: String]) = ([], [:])
      let frames = try pieces(known.count, clipPiece) { range -> Tensor? in
        guard let batch = try data.frames(known[range], dataset: number, failed: { lost[$0.id] = $1 }) else { return nil }
        lengths += batch.lengths
        let missing = task.frames - (try batch.pixels.size(1))
        let vectors = try network.frameVectors(batch).to(.float32)
        // Pieces of shorter clips are padded to the frames of the longest.
        return missing > 0 ? try vectors.pad([0, 0, 0, missing]) : vectors
      }
      skipped.add(Dictionary(lost.map { ("\(dataset.name)/\($0.key)", $0.value) }, uniquingKeysWith: { $1 }))
      let (names, ids) = (captions.map(\.name), known.map(\.id).filter { lost[$0] == nil })
      guard network.kind == .tight else {
        let clips = try network.clipVectors(frames, lengths: lengths)
        return (try named(names, texts.l2Normalized(dim: 1)), try named(ids, clips))
      }
      // Scores have no vectors; as rows against unit vectors they rank the same.
      var unused = SeededGenerator(seed: 0)
      let scores = try pieces(captions.count, 8) { range in
        try network.logits(text: texts.rows(range), frames: frames, lengths: lengths, generator: &unused)
      }
      return (try named(names, scores), try named(ids, .eye(ids.count)))
    }
  }

  private func named(_ names: [String], _ rows: Tensor) throws -> ItemVectors {
    ItemVectors(names: names, rows: try rows.to(.cpu).floats(), dimension: try rows.size(1))
  }

  private func pieces(_ count: Int, _ size: Int, _ body: (Range<Int>) throws -> Tensor?) throws -> Tensor {
    let made = try stride(from: 0, to: count, by: size).compactMap { try body($0..<min(count, $0 + size)) }
    guard !made.isEmpty else {
      throw IeumError(
        .data, "none of \(count) items can be decoded", place: "dataset '\(task.dataset.name)'",
        remedy: "see `ieum data check`")
    }
    return try Tensor.cat(made, dim: 0)
  }
}
