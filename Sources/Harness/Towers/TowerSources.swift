import Basics
import Datasets
import Models
import Tensors

/// Makes the pairs of a source, batch by batch. What cannot be decoded leaves its batch.
struct TowerSource: Sendable {
  let source: TowersConfig.Source
  let first: any TowerInputs
  let second: any TowerInputs
  /// Items that both sides can read as far as is known.
  let keys: [ItemKey]
  let completeness: Completeness
  let datasets: [String]
  let draw: PairDraw

  init(
    _ source: TowersConfig.Source, dataset: Int, task: TowerTask, inputs: [Modality: any TowerInputs]
  ) throws {
    guard let first = inputs[source.first], let second = inputs[source.second] else {
      throw IeumError(.usage, "the source '\(source.name)' has no encoder", place: "sources")
    }
    (self.source, self.first, self.second) = (source, first, second)
    let data = task.datasets[dataset]
    let items = source.splits.flatMap { data.items(in: $0) }.map { ItemKey(dataset: dataset, id: $0.id) }
    let keys = items.filter { first.count(of: $0) > 0 && second.count(of: $0) > 0 }
    let used = Set(keys)
    completeness = Completeness(
      found: keys.count,
      absent: source.splits.flatMap { data.unusable(in: $0) } + items.filter { !used.contains($0) }.map(\.id))
    self.keys = keys
    datasets = task.datasets.map(\.name)
    draw = PairDraw(singleFrames: task.towers.trainsOnSingleFrames, captions: task.towers.captions)
  }

  var pairs: PairSource {
    PairSource(name: source.name, first: source.first, second: source.second, count: keys.count) { rows, seed in
      try batch(rows, seed: seed)
    }
  }

  private func batch(_ rows: [Int], seed: UInt64) throws -> PairBatch {
    var generator = SeededGenerator(seed: seed)
    // Frame and sound of a row are of the same moment.
    let moments = rows.map { _ in generator.uniform() }
    let items = rows.map { keys[$0] }
    let sides = [
      try draw.input(source.first, first, items, moments, &generator),
      try draw.input(source.second, second, items, moments, &generator),
    ]
    var skipped = SkippedRows()
    var kept: [Int] = []
    for place in rows.indices {
      if let reason = sides.compactMap({ $0.failure(inRun: place, of: rows.count) }).first {
        skipped.add(items[place].name(among: datasets), reason: reason)
      } else {
        kept.append(place)
      }
    }
    // A single pair is not trained on.
    guard kept.count > 1 else {
      return PairBatch(first: sides[0].input, second: sides[1].input, groups: [], skipped: skipped)
    }
    return PairBatch(
      first: try sides[0].keeping(kept, of: rows.count), second: try sides[1].keeping(kept, of: rows.count),
      groups: kept.map { rows[$0] }, skipped: skipped)
  }
}

extension TowerRows {
  /// Why one of `count` equal runs of rows could not be decoded; nil where it was.
  func failure(inRun run: Int, of count: Int) -> String? {
    guard !failures.isEmpty else { return nil }
    let size = input.count / count
    return (run * size..<(run + 1) * size).lazy.compactMap { failures[$0] }.first
  }
}

/// How a batch's rows are drawn from the views of its items.
struct PairDraw: Sendable {
  let singleFrames: Bool
  let captions: Int

  func input(
    _ modality: Modality, _ inputs: any TowerInputs, _ items: [ItemKey], _ moments: [Double],
    _ generator: inout SeededGenerator
  ) throws -> TowerRows {
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
