import Basics
import Foundation

/// Clips cut from films, with a Korean sentence each, as clipko2022 and etri2020 describe theirs (250 films, 79,204
/// clips of 20 s); data of your own.
///
/// * `clips.csv`: `id,film,start,end,sentence`; times in seconds or as `H:MM:SS.s`. Ids, films and sentences in NFC.
/// * The clip's own file `clips/ID.mp4` where it is there (times then only describe it), otherwise the part from start
///   to end of `films/FILM.mp4`.
/// * Split: `split.csv` (`film,split`) where it is there, otherwise ``SplitMaker`` with the caller's seed; in both cases a
///   film is on one side only.
/// * Order: that of `clips.csv`.
struct KoreanClipsDataset: DatasetSpec {
  let name = "korean-clips"
  let summary = "clips of films with a Korean sentence each (data of your own); a film stays on one side of the split"
  let defaultRoot = "data/korean-clips"
  let defaultLanguage = "ko"
  let expectedLayout = [
    "clips.csv: id,film,start,end,sentence (UTF-8; seconds or H:MM:SS)",
    "clips/ID.mp4, or films/FILM.mp4 from which the range is taken",
    "split.csv: film,split with train, test or validation (optional; otherwise seeded 64/26/10 by film)",
  ]

  func load(_ options: DatasetOptions) throws -> Dataset {
    let root = root(options)
    let language = options.language ?? defaultLanguage
    let table = try KoreanClipsTable.read("\(root)/clips.csv")
    guard !table.clips.isEmpty else {
      let why = table.skipped.first.map { " ('\($0.id)': \($0.reason))" } ?? ""
      throw IeumError(.data, "holds no usable clips\(why)", file: "\(root)/clips.csv", remedy: "mend the table")
    }
    let own = MediaIndex(root: root, folders: ["clips"], suffixes: MediaIndex.videoSuffixes, expected: "mp4")
    let films = MediaIndex(root: root, folders: ["films"], suffixes: MediaIndex.videoSuffixes, expected: "mp4")
    let split = try split(table.rows, root, options)
    let clips = Dictionary(table.clips.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    var builder = CaptionedItems(split: split, policy: .all, language: language)
    builder.leaveOut(table.skipped)
    let items = builder.items { id, _, captions in
      let clip = clips[id]
      let film = own.found(id) == nil ? clip.flatMap { films.found($0.film) } : nil
      return DatasetItem(
        id: id, captions: captions, videoPath: film ?? own.path(id), start: film == nil ? nil : clip?.start,
        end: film == nil ? nil : clip?.end, label: clip?.film)
    } captions: { clips[$0].map { [$0.sentence] } ?? [] }
    return Dataset(
      name: name, language: language, items: items, skipped: builder.skipped,
      notes: ["\(Set(table.clips.map(\.film)).count) films"], relevance: .sameLabel,
      sizes: DatasetDigest.sizes(of: items.values.joined()), split: split, namespace: "korean-clips of \(root)")
  }

  /// Of all rows, so that those that cannot be used count as listed; one without a film has no side to be given.
  private func split(
    _ rows: [(id: String, film: String)], _ root: String, _ options: DatasetOptions
  ) throws -> NamedSplit {
    let path = "\(root)/split.csv"
    let given = FileManager.default.fileExists(atPath: path)
    let clips = given ? rows.filter { !$0.film.isEmpty } : rows
    let sides = given ? try sides(path, clips) : SplitMaker(seed: options.seed).assign(
      clips.map { SplitMaker.Entry(id: $0.id, label: "", keys: $0.film.isEmpty ? [] : ["film=\($0.film)"]) })
    let source = given ? path : "seed \(options.seed), by film"
    var parts: [Split: NamedSplit.Part] = [:]
    for part in Split.allCases {
      parts[part] = NamedSplit.Part(ids: clips.map(\.id).filter { sides[$0] == part }, source: source)
    }
    return try NamedSplit(
      given ? "films-given" : "films-64-26-10-s\(options.seed)", parts, dataset: name, allowLeakage: options.allowLeakage)
  }

  /// Clip → side, by the side of its film.
  private func sides(_ path: String, _ clips: [(id: String, film: String)]) throws -> [String: Split] {
    let table = KeyedTable(path: path, key: "film")
    let cells = try table.unique("split")
    try table.refuseUnknown(cells, known: Set(clips.map(\.film)), in: "clips.csv")
    var sides: [String: Split] = [:]
    for cell in cells {
      guard let part = Split(rawValue: cell.value) else {
        throw table.error("the split '\(cell.value)' is unknown", cell.line, "write train, test or validation")
      }
      sides[cell.id] = part
    }
    return try clips.reduce(into: [:]) { result, clip in
      guard let side = sides[clip.film] else {
        throw IeumError(.data, "the film '\(clip.film)' has no split", file: path, remedy: "add a line for it")
      }
      result[clip.id] = side
    }
  }
}
