import Basics
import Datasets
import Foundation
import Models
import Tensors

/// The clips and texts of a cell: what is trained on and what is ranked.
struct ClipData: Sendable {
  /// Frames of each dataset.
  let pixels: [ClipPixels]
  let source: ClipSource
  /// The galleries that are ranked: the evaluated split, or the folds that the protocol makes of it.
  let galleries: [[DatasetItem]]
  /// All of their items, those that cannot be decoded too.
  let evaluated: [DatasetItem]
  let validation: [DatasetItem]
  /// Source → items that it lists, and those with texts and frames as far as is known.
  let pairs: [String: Completeness]
  /// Items that are known not to be decodable, `DATASET/ID`, and why.
  let unreadable: [String: String]
  private let side: Int
  private let tokens: ClipTokens

  init(_ task: ClipTask, side: Int, texts tokens: ClipTokens, progress: Progress) throws {
    let pixels = try task.datasets.map {
      try ClipPixels(
        $0, side: task.storedSide(side), sampling: task.sampling, cache: task.cache, progress: progress)
    }
    (self.pixels, self.side, self.tokens) = (pixels, side, tokens)
    unreadable = zip(task.datasets, pixels).reduce(into: [:]) { all, side in
      for (id, reason) in side.1.errors { all["\(side.0.name)/\(id)"] = reason }
    }
    galleries = try task.config.evaluation.galleries(of: task.dataset)
    evaluated = galleries.flatMap { $0 }
    let split = task.config.evaluation.split
    let (validating, its) = (task.datasets[task.validationDataset], pixels[task.validationDataset])
    validation = validating.items(in: .validation)
    for (items, its, name, dataset) in [
      (evaluated, pixels[0], split, task.dataset), (validation, its, "validation", validating),
    ] where !items.contains(where: { its.has($0.id) }) {
      throw IeumError(
        .data, "the split '\(name)' has no usable item", place: "dataset '\(dataset.name)'",
        remedy: "choose another split, or cut validation items from train with dataset.options.holdOut")
    }
    pairs = Self.counts(task, pixels)
    source = try Self.source(
      task, side: side, pixels: pixels, tokens: tokens, teacher: try Self.teacher(task, pixels, progress))
  }

  /// One item of a source, with all the texts that may stand for it.
  private struct Pair: Sendable {
    let dataset: Int
    let id: String
    let texts: [String]

    var key: ItemKey { ItemKey(dataset: dataset, id: id) }
  }

  private static func counts(_ task: ClipTask, _ pixels: [ClipPixels]) -> [String: Completeness] {
    let used = Dictionary(grouping: pairs(task)) { $0.dataset }.mapValues { Set($0.map(\.id)) }
    let counts = zip(task.clips.sources, task.trainedOn).enumerated().map { place, entry -> (String, Completeness) in
      let (source, (dataset, splits)) = entry
      let number = task.sourceDatasets[place]
      let items = splits.flatMap { dataset.items(in: $0) }.map(\.id)
      let absent = items.filter { used[number]?.contains($0) != true || !pixels[number].has($0) }
      return (
        source.name,
        Completeness(found: items.count - absent.count, absent: absent + splits.flatMap { dataset.unusable(in: $0) })
      )
    }
    return Dictionary(counts, uniquingKeysWith: { first, _ in first })
  }

  private static func pairs(_ task: ClipTask) -> [Pair] {
    zip(task.clips.sources, task.sourceDatasets).flatMap { source, number in
      let dataset = task.datasets[number]
      let items = source.splits.flatMap { dataset.items(in: $0) }
      let languages = source.languages.isEmpty ? [dataset.language] : source.languages
      let pairs = items.map { item in
        Pair(dataset: number, id: item.id, texts: languages.flatMap { item.captions[$0] ?? [] })
      }.filter { !$0.texts.isEmpty }
      return Array(repeating: pairs, count: source.repeats).flatMap { $0 }
    }
  }

  /// Every text that may be trained on, once.
  static func trainingTexts(_ task: ClipTask) -> [String] {
    Array(Set(pairs(task).flatMap(\.texts))).sorted()
  }

  private static func teacher(
    _ task: ClipTask, _ pixels: [ClipPixels], _ progress: Progress
  ) throws -> ClipTeacher? {
    let items = pairs(task).filter { pixels[$0.dataset].has($0.id) }.map(\.key)
    return try task.teacher.map { try ClipTeacher($0, items: Set(items), of: task.sourceDatasets, progress) }
  }

  private static func source(
    _ task: ClipTask, side: Int, pixels: [ClipPixels], tokens: ClipTokens, teacher: ClipTeacher?
  ) throws -> ClipSource {
    let pairs = pairs(task).filter { pixels[$0.dataset].has($0.id) }
    let ids = Dictionary(
      uniqueKeysWithValues: try Set(pairs.flatMap(\.texts)).map { ($0, try tokens.encode($0)) })
    let augmentation = task.clips.augmentation
    let names = task.datasets.map(\.name)
    return ClipSource(count: pairs.count, teacherWidth: teacher?.width) { rows, seed in
      var generator = SeededGenerator(seed: seed)
      var (members, texts, clips, skipped): ([Pair], [String], [[UInt8]], SkippedRows) = ([], [], [], SkippedRows())
      for row in rows {
        let pair = pairs[row]
        let text = pair.texts[Int(generator.next() % UInt64(pair.texts.count))]
        do {
          clips.append(try pixels[pair.dataset].frames(of: pair.id))
          members.append(pair)
          texts.append(text)
        } catch let error as IeumError where error.kind == .data {
          skipped.add("\(names[pair.dataset])/\(pair.id)", reason: SkippedItems.reason(error))
        }
      }
      guard members.count > 1 else { return try .empty(skipped) }
      let frames = try FrameBatch(stored: pixels[0].side, side: side, clips: clips)
        .tensor(augmentation, &generator)
      let rows = texts.map { augmentation.thinned(ids[$0] ?? [], &generator) }
      return ClipSource.Batch(
        frames: frames, texts: try ClipTexts(rows: rows, padding: tokens.padding), groups: groups(members, texts),
        teacher: try teacher?.rows(members.map(\.key)), skipped: skipped)
    }
  }

  /// Pairs of one item, or with one text, belong to one group.
  private static func groups(_ pairs: [Pair], _ texts: [String]) -> [Int] {
    var known: [String: Int] = [:]
    return zip(pairs, texts).enumerated().map { row, pair in
      let keys = ["\(pair.0.dataset) \(pair.0.id)", "text \(pair.1.lowercased())"]
      let group = keys.lazy.compactMap { known[$0] }.first ?? row
      for key in keys { known[key] = group }
      return group
    }
  }

  /// The frames of some items, from the middle of the stored pictures; nil when none of them can be decoded.
  /// - Parameter failed: called for each that cannot.
  func frames(
    _ items: ArraySlice<DatasetItem>, dataset: Int, failed: (DatasetItem, String) -> Void
  ) throws -> ClipFrames? {
    var clips: [[UInt8]] = []
    for item in items {
      do {
        clips.append(try pixels[dataset].frames(of: item.id))
      } catch let error as IeumError where error.kind == .data {
        failed(item, SkippedItems.reason(error))
      }
    }
    guard !clips.isEmpty else { return nil }
    return try FrameBatch(stored: pixels[dataset].side, side: side, clips: clips).tensor()
  }

  func texts(_ texts: some Sequence<String>) throws -> ClipTexts {
    try ClipTexts(rows: texts.map { try tokens.encode($0) }, padding: tokens.padding)
  }
}

extension ClipSource.Batch {
  /// What is left when fewer than two rows can be read: nothing to train on.
  fileprivate static func empty(_ skipped: SkippedRows) throws -> Self {
    Self(
      frames: ClipFrames(try Tensor([UInt8](repeating: 0, count: 3), shape: [1, 1, 3, 1, 1]), lengths: [1]),
      texts: try ClipTexts(rows: [[0]], padding: 0), groups: [], skipped: skipped)
  }
}
