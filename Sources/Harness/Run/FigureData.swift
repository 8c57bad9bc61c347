import Basics
import Datasets
import Foundation
import Ranking

/// The numbers behind the figures that show data rather than metrics: split sizes and the embedding plane.
struct FigureData {
  let experiment: Experiment
  let bench: Workbench
  let results: String

  /// Writes `figures-data/split.csv` and `embeddings.csv` (the last cell with a run: the proposed method).
  func write() throws {
    guard let (task, folder) = shown() else { return }
    let sizes = Split.allCases.map { "\($0.rawValue),\(task.dataset.items(in: $0).count)" }
    try AtomicFile.write((["split,items"] + sizes).joined(separator: "\n") + "\n", to: results + "/figures-data/split.csv")
    let file = try EmbeddingFile.read(folder + "/embeddings.h5")
    // A single clip that can be decoded lies in no plane.
    guard file.galleryCount > 1, file.dimension > 1 else { return }
    let pca = try PCA.fit(file.gallery, dimension: file.dimension, components: 2)
    let points = try pca.project(file.gallery)
    let label = Dictionary(
      task.dataset.allItems.map { ($0.id, $0.label ?? "") }, uniquingKeysWith: { first, _ in first })
    let rows = (file.galleryIDs ?? []).enumerated().map { index, id in
      "\(points[2 * index]),\(points[2 * index + 1]),\"\(label[id] ?? "")\""
    }
    try AtomicFile.write((["x,y,label"] + rows).joined(separator: "\n") + "\n", to: results + "/figures-data/embeddings.csv")
  }

  private func shown() -> (any CellTask, String)? {
    for cell in experiment.cells.reversed() {
      let runner = CellRunner(cell: cell, bench: bench, progress: Progress())
      guard cell.config.towers == nil, let task = try? runner.task(), let seed = cell.config.seeds.first else { continue }
      let folder = runner.folder(task, seed: seed)
      if RunRecord.read(folder) != nil { return (task, folder) }
    }
    return nil
  }
}
