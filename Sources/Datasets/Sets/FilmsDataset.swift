import Basics
import Foundation

/// Films as hong2022 lays them out: titles, plots, a folder of images each, and lists of related films.
///
/// * Item: an id of `titles.csv` with a plot and at least ``DatasetOptions/minimumImages`` images.
/// * Relevant: films that `related.csv` puts together, in either direction. The thesis counts related films
///   that share the genre group; leave the others out of the file.
/// * Label: `genres.csv`, where it is there (colours of figure 32).
/// * Split: `split.csv` where it is there, otherwise ``SplitMaker`` with the caller's seed, not stratified.
/// * Order: that of `titles.csv`.
struct FilmsDataset: DatasetSpec {
  let name = "films"
  let summary = "films with plots, stills and related films, in the layout of hong2022 (data of your own)"
  let defaultRoot = "data/films"
  let defaultLanguage = "ko"
  let expectedLayout = [
    "titles.csv: id,title",
    "plots.csv: id,plot",
    "images/ID/*.jpg (or png, webp, …): more than 20 per film",
    "related.csv: id,related_id, one pair a line",
    "genres.csv: id,genre (optional)",
    "split.csv: id,split with train, test or validation (optional; otherwise seeded 64/26/10)",
  ]

  func load(_ options: DatasetOptions) throws -> Dataset {
    let folder = FilmsFolder(root: root(options), language: options.language ?? defaultLanguage)
    return try folder.load(name, options)
  }
}

private struct FilmsFolder {
  let root: String
  let language: String

  private func table(_ name: String) -> KeyedTable { KeyedTable(path: "\(root)/\(name)") }
  private func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(name)") }

  func load(_ name: String, _ options: DatasetOptions) throws -> Dataset {
    try requireFiles()
    let titles = try table("titles.csv").unique("title")
    let known = Set(titles.map(\.id))
    let plots = try column("plots.csv", "plot", known)
    let genres = has("genres.csv") ? try column("genres.csv", "genre", known) : [:]
    let (related, notes) = try relations(known)

    var items: [DatasetItem] = []
    var skipped: [SkippedItem] = []
    for title in titles {
      let pictures = ImageFolder.pictures(in: "\(root)/images/\(title.id)")
      if let reason = reasonToSkip(title.id, plots[title.id], pictures.count, options.minimumImages) {
        skipped.append(SkippedItem(id: title.id, reason: reason))
        continue
      }
      items.append(
        DatasetItem(
          id: title.id, texts: [language: plots[title.id]?.value ?? ""], imagePaths: pictures,
          label: genres[title.id].flatMap { $0.value.isEmpty ? nil : $0.value }, relatedIDs: related[title.id] ?? [], title: title.value))
    }
    guard !items.isEmpty else {
      throw IeumError(
        .data,
        "none of \(titles.count) films can be used"
          + (skipped.first.map { " ('\($0.id)': \($0.reason))" } ?? ""),
        file: root, place: "dataset 'films'",
        remedy: "complete the data, or lower the number of images asked for")
    }
    let split = try split(of: items, known, name, options.seed)
    let sides = split.sides
    return Dataset(
      name: name, language: language, items: Dictionary(grouping: items) { sides[$0.id] ?? .train },
      skipped: skipped, notes: notes, relevance: .relatedIDs, sizes: DatasetDigest.sizes(of: items), split: split,
      namespace: "films of \(root)")
  }

  private func requireFiles() throws {
    let missing = ["titles.csv", "plots.csv", "related.csv", "images"].filter { !has($0) }
    guard missing.isEmpty else {
      throw IeumError(
        .data, "missing: \(missing.joined(separator: ", "))", file: root, place: "dataset 'films'",
        remedy: "put them there; 'ieum data check films' says what each holds")
    }
  }

  private typealias Cells = [String: KeyedTable.Cell]

  private func column(_ file: String, _ column: String, _ known: Set<String>) throws -> Cells {
    let table = table(file)
    let cells = try table.unique(column)
    try table.refuseUnknown(cells, known: known, in: "titles.csv")
    return Dictionary(cells.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private func relations(_ known: Set<String>) throws -> (related: [String: [String]], notes: [String]) {
    let table = table("related.csv")
    let cells = try table.pairs("related_id")
    try table.refuseUnknown(cells, known: known, in: "titles.csv")
    var related: [String: [String]] = [:]
    var strangers = 0
    for cell in cells {
      guard !cell.value.isEmpty else {
        throw table.error("the related_id is empty", cell.line, "remove the line")
      }
      // A portal also lists films that nobody collected.
      if known.contains(cell.value) {
        related[cell.id, default: []].append(cell.value)
      } else {
        strangers += 1
      }
    }
    return (
      related,
      strangers == 0 ? [] : ["related.csv: \(strangers) related ids are not in titles.csv and are left out"]
    )
  }

  private func reasonToSkip(
    _ id: String, _ plot: KeyedTable.Cell?, _ pictures: Int, _ minimum: Int
  ) -> String? {
    guard let plot else { return "no plot in plots.csv" }
    if plot.value.isEmpty { return "the plot is empty (plots.csv, line \(plot.line))" }
    if pictures < max(1, minimum) {
      return "\(pictures) images in images/\(id), fewer than \(max(1, minimum))"
    }
    return nil
  }

  // Films that hong2022's rules drop are no part of its split.
  private func split(
    of items: [DatasetItem], _ known: Set<String>, _ dataset: String, _ seed: UInt64
  ) throws -> NamedSplit {
    guard has("split.csv") else {
      return try .cut(items.map { SplitMaker.Entry(id: $0.id, label: "") }, seed: seed, dataset: dataset)
    }
    let table = table("split.csv")
    let cells = try table.unique("split")
    try table.refuseUnknown(cells, known: known, in: "titles.csv")
    var splits: [String: Split] = [:]
    for cell in cells {
      guard let split = Split(rawValue: cell.value) else {
        throw table.error(
          "the split '\(cell.value)' is unknown", cell.line, "write train, test or validation")
      }
      splits[cell.id] = split
    }
    if let item = items.first(where: { splits[$0.id] == nil }) {
      throw IeumError(
        .data, "the film '\(item.id)' has no split", file: table.path, remedy: "add a line for it")
    }
    return try NamedSplit(own: "given", ids: items.map(\.id), sides: splits, source: table.path, dataset: dataset)
  }
}
