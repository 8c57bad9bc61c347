import Basics
import Datasets
import Models
import Tensors

/// The items of a cell of towers in every modality: what is trained on and what is ranked.
struct TowerData {
  let inputs: [Modality: any TowerInputs]
  let sources: [PairSource]
  /// Items listed in the evaluated split, and those that have a clip vector.
  let evaluated: [DatasetItem]
  let validation: [DatasetItem]
  private let task: TowerTask

  init(_ task: TowerTask, progress: Progress) throws {
    self.task = task
    inputs = try task.sides.mapValues { try $0.inputs(progress) }
    let split = Split(rawValue: task.config.evaluation.split) ?? .test
    evaluated = task.dataset.items(in: split)
    let validating = task.datasets[task.validationDataset]
    validation = validating.items(in: .validation)
    for (items, name, dataset) in [(evaluated, split.rawValue, task.dataset), (validation, "validation", validating)]
    where items.isEmpty {
      throw IeumError(
        .data, "the split '\(name)' is empty", place: "dataset '\(dataset.name)'",
        remedy: "choose another split, or cut validation items from train with dataset.options.holdOut")
    }
    sources = try zip(task.towers.sources, task.sourceDatasets).map { [inputs] source, dataset in
      try Self.source(source, dataset: dataset, task: task, inputs: inputs)
    }
  }

  private static func source(
    _ source: TowersConfig.Source, dataset: Int, task: TowerTask, inputs: [Modality: any TowerInputs]
  ) throws -> PairSource {
    guard let first = inputs[source.first], let second = inputs[source.second] else {
      throw IeumError(.usage, "the source '\(source.name)' has no encoder", place: "sources")
    }
    let keys = task.datasets[dataset].items(in: .train).map { ItemKey(dataset: dataset, id: $0.id) }
      .filter { first.count(of: $0) > 0 && second.count(of: $0) > 0 }
    let draw = PairDraw(
      singleFrames: task.towers.trainsOnSingleFrames, captions: task.towers.captions)
    return PairSource(name: source.name, first: source.first, second: source.second, count: keys.count) { rows, seed in
      var generator = SeededGenerator(seed: seed)
      // Frame and sound of a row are of the same moment.
      let moments = rows.map { _ in generator.uniform() }
      let items = rows.map { keys[$0] }
      return PairBatch(
        first: try draw.input(source.first, first, items, moments, &generator),
        second: try draw.input(source.second, second, items, moments, &generator), groups: rows)
    }
  }
}

/// How a batch's rows are drawn from the views of its items.
private struct PairDraw: Sendable {
  let singleFrames: Bool
  let captions: Int

  func input(
    _ modality: Modality, _ inputs: any TowerInputs, _ items: [ItemKey], _ moments: [Double],
    _ generator: inout SeededGenerator
  ) throws -> TowerInput {
    if modality == .text {
      var views: [ItemView] = []
      for item in items {
        let count = inputs.count(of: item)
        for _ in 0..<captions { views.append(ItemView(key: item, number: Int(generator.uniform() * Double(count)))) }
      }
      return try inputs.input(views)
    }
    guard singleFrames else { return try inputs.sequences(items) }
    return try inputs.input(
      zip(items, moments).map { item, moment in
        ItemView(key: item, number: Int(moment * Double(inputs.count(of: item))))
      })
  }
}
