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
    source = try Self.source(task, side: side, pixels: pixels, tokens: tokens)
  }

  /// One item of a source, with all the texts that may stand for it.
  private struct Pair: Sendable {
    let dataset: Int
    let id: String
    let texts: [String]
  }

  private static func pairs(_ task: ClipTask) -> [Pair] {
    zip(task.clips.sources, task.sourceDatasets).flatMap { source, number in
      let dataset = task.datasets[number]
      let items = source.takesAll ? dataset.allItems : dataset.items(in: .train)
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

  private static func source(
    _ task: ClipTask, side: Int, pixels: [ClipPixels], tokens: ClipTokens
  ) throws -> ClipSource {
    let pairs = pairs(task).filter { pixels[$0.dataset].has($0.id) }
    let ids = Dictionary(
      uniqueKeysWithValues: try Set(pairs.flatMap(\.texts)).map { ($0, try tokens.encode($0)) })
    let augments = task.clips.augments
    let names = task.datasets.map(\.name)
    return ClipSource(count: pairs.count) { rows, seed in
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
      let frames = FrameBatch(
        stored: pixels[0].side, side: side, clips: clips, generator: augments ? generator : nil)
      return ClipSource.Batch(
        frames: try frames.tensor(), texts: try ClipTexts(rows: texts.map { ids[$0] ?? [] }, padding: tokens.padding),
        groups: groups(members, texts), skipped: skipped)
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
    return try FrameBatch(stored: pixels[dataset].side, side: side, clips: clips, generator: nil).tensor()
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

/// Cuts a batch of clips out of stored pictures.
struct FrameBatch {
  /// Side of the stored pictures, and of what the network reads.
  let stored: Int
  let side: Int
  /// `[F, 3, stored, stored]` each, F ≥ 1.
  let clips: [[UInt8]]
  /// Draws a part and a mirroring for each clip; nil = the middle, as it is.
  let generator: SeededGenerator?

  func tensor() throws -> ClipFrames {
    let frame = 3 * stored * stored
    let lengths = clips.map { $0.count / frame }
    guard let time = lengths.max(), lengths.allSatisfy({ $0 > 0 }) else {
      throw IeumError(.data, "a clip of the batch has no frames", place: "training", remedy: "see `ieum data check`")
    }
    var random = generator
    var pixels = [UInt8](repeating: 0, count: clips.count * time * 3 * side * side)
    for (row, clip) in clips.enumerated() {
      let most = UInt64(stored - side + 1)
      let left = random != nil ? Int((random?.next() ?? 0) % most) : (stored - side) / 2
      let top = random != nil ? Int((random?.next() ?? 0) % most) : (stored - side) / 2
      let mirrored = random != nil && (random?.next() ?? 0) & 1 == 1
      copy(clip, planes: 3 * lengths[row], to: &pixels, at: row * time * 3 * side * side, left, top, mirrored)
    }
    return ClipFrames(try Tensor(pixels, shape: [clips.count, time, 3, side, side]), lengths: lengths)
  }

  private func copy(
    _ clip: [UInt8], planes: Int, to pixels: inout [UInt8], at start: Int, _ left: Int, _ top: Int, _ mirrored: Bool
  ) {
    pixels.withUnsafeMutableBufferPointer { target in
      clip.withUnsafeBufferPointer { source in
        for plane in 0..<planes {
          for line in 0..<side {
            let from = (plane * stored + top + line) * stored + left
            let to = start + (plane * side + line) * side
            for column in 0..<side {
              target[to &+ column] = source[from &+ (mirrored ? side &- 1 &- column : column)]
            }
          }
        }
      }
    }
  }
}
