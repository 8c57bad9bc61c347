import Basics
import Datasets
import Models

/// The items of a cell of towers in every modality: what is trained on and what is ranked.
struct TowerData {
  let inputs: [Modality: any TowerInputs]
  let sources: [PairSource]
  /// Source → training items that it lists, and those that both of its sides can read as far as is known.
  let pairs: [String: Completeness]
  /// The galleries that are ranked: the evaluated split, or the folds that the protocol makes of it.
  let galleries: [[DatasetItem]]
  /// All of their items.
  let evaluated: [DatasetItem]
  /// Listed in the evaluated split, but no items.
  let lost: [String]
  let validation: [DatasetItem]
  /// Items that cannot be read at all, `DATASET/ID`, and why.
  let unreadable: [String: String]

  init(_ task: TowerTask, progress: Progress) throws {
    inputs = try task.sides.mapValues { try $0.inputs(progress) }
    let split = Split(rawValue: task.config.evaluation.split) ?? .test
    galleries = try task.config.evaluation.galleries(of: task.dataset)
    evaluated = galleries.flatMap { $0 }
    lost = task.config.evaluation.lost(of: task.dataset)
    let validating = task.datasets[task.validationDataset]
    validation = validating.items(in: .validation)
    for (items, name, dataset) in [(evaluated, split.rawValue, task.dataset), (validation, "validation", validating)]
    where items.isEmpty {
      throw IeumError(
        .data, "the split '\(name)' is empty", place: "dataset '\(dataset.name)'",
        remedy: "choose another split, or cut validation items from train with dataset.options.holdOut")
    }
    let made = try zip(task.towers.sources, task.sourceDatasets).map { [inputs] source, dataset in
      try TowerSource(source, dataset: dataset, task: task, inputs: inputs)
    }
    sources = made.map(\.pairs)
    pairs = Dictionary(made.map { ($0.source.name, $0.completeness) }, uniquingKeysWith: { first, _ in first })
    let names = task.datasets.map(\.name)
    unreadable = Modality.allCases.compactMap { [inputs] in inputs[$0]?.unreadable }.reduce(into: [:]) { all, side in
      for (key, reason) in side where all[key.name(among: names)] == nil { all[key.name(among: names)] = reason }
    }
  }
}
