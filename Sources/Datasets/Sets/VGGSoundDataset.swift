import Basics
import Foundation

/// VGGSound (Chen et al. 2020): 10 s clips of 309 kinds of sound.
///
/// * Splits: the two releases differ by 291 clips. `vggsound-199176`: `train.csv` and `test.csv` (183,730 / 15,446),
///   which the circulated archive follows; `vggsound-full`: `vggsound.csv` (183,971 / 15,496).
/// * Item: a clip `YOUTUBEID_SECOND`, the second with six digits; its text and label are the class. A text asks for all
///   clips of its class, so recall of one partner has no meaning here.
/// * Order: that of the files.
struct VGGSoundDataset: DatasetSpec {
  let name = "vggsound"
  let summary = "VGGSound: about 199,000 clips of 10 s in 309 classes; splits vggsound-199176, vggsound-full"
  let defaultRoot = "data/vggsound"
  let defaultLanguage = "en"
  let splits = ["vggsound-199176", "vggsound-full"]
  let expectedLayout = [
    "train.csv, test.csv (split vggsound-199176) or vggsound.csv (split vggsound-full), as published",
    "videos/YOUTUBEID_SECOND.mp4, the second with six digits (also looked for in clips/, video/)",
    "option holdOut=N cuts N clips from train for validation, which neither release lists",
  ]

  private struct Clip {
    let id: String
    let label: String
    let part: Split
  }

  func load(_ options: DatasetOptions) throws -> Dataset {
    let root = root(options)
    let id = try splitName(options)
    let clips = id == "vggsound-full" ? try full(root, options) : try parts(root, options)
    let labels = Dictionary(clips.map { ($0.id, $0.label) }, uniquingKeysWith: { first, _ in first })
    let media = MediaIndex(
      root: root, folders: ["videos", "clips", "video"], suffixes: MediaIndex.videoSuffixes, expected: "mp4")
    let language = options.language ?? defaultLanguage
    let split = try split(id, clips, root, options)
    var builder = CaptionedItems(split: split, policy: .all, language: language)
    let items = builder.items { id, _, captions in
      DatasetItem(id: id, captions: captions, videoPath: media.path(id), label: labels[id])
    } captions: { labels[$0].map { [$0] } ?? [] }
    return Dataset(
      name: name, language: language, items: items, skipped: builder.skipped,
      notes: ["\(Set(clips.map(\.label)).count) classes"], relevance: .sameLabel,
      sizes: DatasetDigest.sizes(of: items.values.joined()), split: split, textRelevance: .label)
  }

  private func split(_ id: String, _ clips: [Clip], _ root: String, _ options: DatasetOptions) throws -> NamedSplit {
    func part(_ part: Split) -> NamedSplit.Part {
      let file = id == "vggsound-full" ? "vggsound.csv" : "\(part.rawValue).csv"
      return NamedSplit.Part(ids: clips.filter { $0.part == part }.map(\.id), source: "\(root)/\(file)")
    }
    var parts: [Split: NamedSplit.Part] = [.train: part(.train), .test: part(.test)]
    var name = id
    if options.holdOut > 0, let train = parts[.train] {
      let (rest, held) = try HoldOut.cut(train.ids, count: options.holdOut, seed: options.seed)
      parts[.train] = NamedSplit.Part(ids: rest, source: train.source)
      parts[.validation] = NamedSplit.Part(ids: held, source: "held out of \(train.source)")
      name += "-hold\(options.holdOut)s\(options.seed)"
    }
    return try NamedSplit(name, parts, dataset: self.name, allowLeakage: options.allowLeakage)
  }

  /// `ID,SECOND,LABEL,SPLIT` without a header.
  private func full(_ root: String, _ options: DatasetOptions) throws -> [Clip] {
    let table = try CSVTable.read("\(root)/vggsound.csv", header: ["id", "second", "label", "split"])
    let clips = try table.rows.map { row in
      guard let second = Int(row.fields[1].trimmingCharacters(in: .whitespaces)), (0..<1_000_000).contains(second) else {
        throw table.error("the second '\(row.fields[1])' is not a whole number", row)
      }
      guard let part = Split(rawValue: row.fields[3].trimmingCharacters(in: .whitespaces)), part != .validation else {
        throw table.error("the split '\(row.fields[3])' is neither train nor test", row)
      }
      let digits = String(second)
      let name = row.fields[0] + "_" + String(repeating: "0", count: 6 - digits.count) + digits
      return Clip(id: KeyedTable.normal(name), label: try label(row, 2, table), part: part)
    }
    return try checked(clips, "\(root)/vggsound.csv", [.train: 183_971, .test: 15_496], options)
  }

  /// `ID_SECOND.mp4,LABEL` without a header, in two files.
  private func parts(_ root: String, _ options: DatasetOptions) throws -> [Clip] {
    var problems = ProblemList()
    let files = [(Split.train, 183_730), (.test, 15_446)].compactMap { part, count in
      problems.collect { try clips(root, part, count, options) }
    }
    try problems.check()
    return files.flatMap { $0 }
  }

  private func clips(_ root: String, _ part: Split, _ count: Int, _ options: DatasetOptions) throws -> [Clip] {
    let table = try CSVTable.read("\(root)/\(part.rawValue).csv", header: ["clip", "label"])
    let clips = try table.rows.map { row in
      let id = FileName.stem(KeyedTable.normal(row.fields[0]))
      guard let cut = id.lastIndex(of: "_"), cut != id.startIndex, id[cut...].count == 7,
        id[id.index(after: cut)...].allSatisfy({ $0.isASCII && $0.isNumber })
      else { throw table.error("the clip '\(row.fields[0])' is not named ID_SECOND.mp4", row) }
      return Clip(id: id, label: try label(row, 1, table), part: part)
    }
    return try checked(clips, table.path, [part: count], options)
  }

  private func label(_ row: CSVTable.Row, _ column: Int, _ table: CSVTable) throws -> String {
    let label = KeyedTable.normal(row.fields[column])
    guard !label.isEmpty else { throw table.error("the label is empty", row) }
    return label
  }

  private func checked(
    _ clips: [Clip], _ path: String, _ counts: [Split: Int], _ options: DatasetOptions
  ) throws -> [Clip] {
    if !options.acceptOtherData {
      for (part, count) in counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        let ids = clips.filter { $0.part == part }.map(\.id)
        try PublishedList(count: count).check(ids, what: part.rawValue, source: path)
      }
    }
    return clips
  }
}
