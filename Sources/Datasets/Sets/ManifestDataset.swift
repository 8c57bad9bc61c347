import Basics
import Foundation

/// A user's own data in one table: CSV with a header, or one JSON object a line.
///
/// Columns (JSON keys): `id`; `text` or `text_LANG`; `images`; and, all optional, `label`, `related`,
/// `split`, `audio`, `video`, `start` and `end` (seconds, of a part of the film or sound), `title`. Lists are
/// separated by `;` in CSV and are arrays in JSON, where texts may be arrays too: several captions. Paths are
/// relative to the table. Relevant are items with the same label where the table has labels, otherwise those
/// it lists as related. Without splits ``SplitMaker`` cuts by label with the caller's seed.
///
/// Every row is listed in its part, so that n/N tells of all of them. Items whose files are missing stay; rows that say
/// nothing usable (no text, no files, times that are none) are skipped, and still count as listed.
struct ManifestDataset: DatasetSpec {
  let name = "manifest"
  let summary = "a CSV or JSONL table of your own: id, text, images, films or sounds, label or related ids"
  let defaultRoot = "data/manifest.csv"
  let defaultLanguage = "en"
  let expectedLayout = [
    "a table (.csv or .jsonl) with id, text (or text_en, text_ko, …), images, and label or related",
    "optional: split (train, test, validation), audio, video, start and end (seconds), title; lists separated by ';' in CSV",
    "files are looked for relative to the table",
  ]

  func load(_ options: DatasetOptions) throws -> Dataset {
    let path = root(options)
    let language = options.language ?? defaultLanguage
    let records = try ManifestRecord.read(path)
    try refuseDuplicates(records, path)
    let labelled = records.contains { !$0.text("label").isEmpty }
    let reader = ManifestReader(path: path, language: language)
    var items: [DatasetItem] = []
    var skipped: [SkippedItem] = []
    for record in records {
      let item = reader.item(record)
      if let reason = reader.reasonToSkip(item, record) {
        skipped.append(SkippedItem(id: item.id, reason: reason))
      } else {
        items.append(item)
      }
    }
    guard !items.isEmpty else {
      let why = skipped.first.map { " ('\($0.id)': \($0.reason))" } ?? ""
      throw IeumError(
        .data, "none of \(records.count) items can be used\(why)", file: path, remedy: "mend the table")
    }
    let split = try reader.split(records, options, dataset: name)
    let sides = split.sides
    return Dataset(
      name: name, language: language, items: Dictionary(grouping: items) { sides[$0.id] ?? .train },
      skipped: skipped,
      notes: reader.notes(items, records), relevance: labelled ? .sameLabel : .relatedIDs,
      sizes: DatasetDigest.sizes(of: items), split: split, captionPolicy: .all,
      namespace: "manifest \(URL(fileURLWithPath: path).standardizedFileURL.path)")
  }

  private func refuseDuplicates(_ records: [ManifestRecord], _ path: String) throws {
    var lines: [String: Int] = [:]
    for record in records {
      let id = record.text("id")
      func error(_ problem: String, _ remedy: String) -> IeumError {
        IeumError(.data, problem, file: path, place: "line \(record.line)", remedy: remedy)
      }
      guard !id.isEmpty else { throw error("the id is missing", "give every item an id") }
      if let earlier = lines.updateValue(record.line, forKey: id) {
        throw error("the id '\(id)' stands on line \(earlier) already", "give every item an id of its own")
      }
    }
  }
}

/// Turns records into items.
private struct ManifestReader {
  let path: String
  let language: String

  private var folder: String { (path as NSString).deletingLastPathComponent }

  private func located(_ file: String) -> String {
    file.hasPrefix("/") || folder.isEmpty ? file : "\(folder)/\(file)"
  }

  func item(_ record: ManifestRecord) -> DatasetItem {
    var captions: [String: [String]] = [:]
    for key in record.keys where key.hasPrefix("text_") { captions[String(key.dropFirst(5))] = record.list(key) }
    if !record.list("text").isEmpty, captions[language, default: []].isEmpty { captions[language] = record.list("text") }
    func optional(_ key: String) -> String? { record.text(key).isEmpty ? nil : record.text(key) }
    return DatasetItem(
      id: record.text("id"), captions: captions,
      imagePaths: record.list("images").map(located),
      audioPath: optional("audio").map(located), videoPath: optional("video").map(located),
      start: optional("start").flatMap(Double.init), end: optional("end").flatMap(Double.init),
      label: optional("label"),
      relatedIDs: record.list("related"), title: optional("title"))
  }

  func reasonToSkip(_ item: DatasetItem, _ record: ManifestRecord) -> String? {
    if item.texts[language] == nil { return "line \(record.line): no text in '\(language)'" }
    if item.files.isEmpty { return "line \(record.line): no images, video or audio" }
    for key in ["start", "end"] where !record.text(key).isEmpty {
      guard let seconds = Double(record.text(key)), seconds >= 0, seconds.isFinite else {
        return "line \(record.line): '\(record.text(key))' is not a number of seconds (\(key))"
      }
    }
    if let start = item.start, let end = item.end, start >= end {
      return "line \(record.line): the part from \(start) s to \(end) s is empty"
    }
    return nil
  }

  func notes(_ items: [DatasetItem], _ records: [ManifestRecord]) -> [String] {
    let known = Set(records.map { $0.text("id") })
    let strangers = items.flatMap(\.relatedIDs).filter { !known.contains($0) }.count
    return strangers == 0 ? [] : ["\(strangers) related ids are no ids of the table and are left out"]
  }

  /// Of all rows: the cut does not depend on which of them can be used.
  func split(_ records: [ManifestRecord], _ options: DatasetOptions, dataset: String) throws -> NamedSplit {
    guard records.contains(where: { !$0.text("split").isEmpty }) else {
      let entries = records.map { SplitMaker.Entry(id: $0.text("id"), label: $0.text("label")) }
      return try .cut(entries, seed: options.seed, dataset: dataset)
    }
    var splits: [String: Split] = [:]
    for record in records {
      guard let split = Split(rawValue: record.text("split")) else {
        throw IeumError(
          .data, "the split '\(record.text("split"))' is unknown", file: path, place: "line \(record.line)",
          remedy: "write train, test or validation on every line, or on none")
      }
      splits[record.text("id")] = split
    }
    return try NamedSplit(
      own: "given", ids: records.map { $0.text("id") }, sides: splits, source: path, dataset: dataset)
  }
}
