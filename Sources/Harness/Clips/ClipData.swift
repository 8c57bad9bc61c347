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
  let evaluated: [DatasetItem]
  let validation: [DatasetItem]
  /// Items that could not be decoded.
  let skipped: Int
  private let side: Int
  private let tokens: ClipTokens

  init(_ task: ClipTask, side: Int, texts tokens: ClipTokens, progress: Progress) throws {
    let pixels = try task.datasets.map {
      try ClipPixels(
        $0, side: task.storedSide(side), sampling: task.sampling, cache: task.cache, progress: progress)
    }
    (self.pixels, self.side, self.tokens) = (pixels, side, tokens)
    skipped = Set(pixels.flatMap(\.errors.keys)).count
    let split = Split(rawValue: task.config.evaluation.split) ?? .test
    evaluated = task.dataset.items(in: split).filter { pixels[0].has($0.id) }
    let validating = task.datasets[task.validationDataset]
    validation = validating.items(in: .validation).filter { pixels[task.validationDataset].has($0.id) }
    for (items, name, dataset) in [(evaluated, split.rawValue, task.dataset), (validation, "validation", validating)]
    where items.isEmpty {
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
    return ClipSource(count: pairs.count) { rows, seed in
      var generator = SeededGenerator(seed: seed)
      let members = rows.map { pairs[$0] }
      let texts = members.map { $0.texts[Int(generator.next() % UInt64($0.texts.count))] }
      let clips = try members.map { try pixels[$0.dataset].frames(of: $0.id) }
      let frames = FrameBatch(
        stored: pixels[0].side, side: side, clips: clips, generator: augments ? generator : nil)
      return ClipSource.Batch(
        frames: try frames.tensor(), texts: try ClipTexts(rows: texts.map { ids[$0] ?? [] }, padding: tokens.padding),
        groups: groups(members, texts))
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

  /// The frames of some items, from the middle of the stored pictures.
  func frames(_ items: ArraySlice<DatasetItem>, dataset: Int) throws -> ClipFrames {
    let clips = try items.map { try pixels[dataset].frames(of: $0.id) }
    return try FrameBatch(stored: pixels[dataset].side, side: side, clips: clips, generator: nil).tensor()
  }

  func texts(_ texts: some Sequence<String>) throws -> ClipTexts {
    try ClipTexts(rows: texts.map { try tokens.encode($0) }, padding: tokens.padding)
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
