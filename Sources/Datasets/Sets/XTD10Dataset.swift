import Basics
import Foundation

/// XTD10 (Aggarwal and Kale 2020): 1,000 pictures of COCO with one sentence each in ten languages and English; a control
/// for Korean.
///
/// * Split `xtd10`: test alone. Item: COCO's picture number, so that training on COCO is told as leakage.
/// * Order: that of `test_image_names.txt`.
struct XTD10Dataset: DatasetSpec {
  let name = "xtd10"
  let summary = "XTD10: 1,000 COCO pictures with one sentence in each of eleven languages, Korean too; test alone"
  let defaultRoot = "data/xtd10"
  let defaultLanguage = "ko"
  let splits = ["xtd10"]
  let expectedLayout = [
    "test_image_names.txt (or XTD10/test_image_names.txt)",
    "test_1kcaptions_LANG.txt (or in XTD10/, MIC/, STAIR/ as published): ko, en, es, it, pl, ru, tr, zh, de, fr, jp",
    "images/COCO_*.jpg; or train2014/ and val2014/ of COCO",
  ]

  private static let languages = ["ko", "en", "es", "it", "pl", "ru", "tr", "zh", "de", "fr", "ja"]

  func load(_ options: DatasetOptions) throws -> Dataset {
    let root = root(options)
    let id = try splitName(options)
    let language = options.language == "jp" ? "ja" : options.language ?? defaultLanguage
    guard Self.languages.contains(language) else {
      throw Suggestion.unknown("language", language, known: Self.languages, place: "dataset '\(name)'")
    }
    let suffix = language == "ja" ? "jp" : language
    var problems = ProblemList()
    let found = (
      problems.collect { try names(file("test_image_names.txt", root)) },
      problems.collect { try Self.lines(file("test_1kcaptions_\(suffix).txt", root)) }
    )
    guard case (let (ids, files, source)?, let sentences?) = found else { throw problems.error }
    guard sentences.lines.count == ids.count else {
      throw IeumError(
        .data, "has \(sentences.lines.count) lines for \(ids.count) pictures", file: sentences.path,
        place: "dataset '\(name)'", remedy: "put the published file there: one sentence a line, in the order of the pictures")
    }
    if !options.acceptOtherData {
      try PublishedList(count: 1000, hash: "c3f5b49e2828").check(ids, what: "test of '\(id)'", source: source)
    }
    let split = try NamedSplit(id, [.test: NamedSplit.Part(ids: ids, source: source)], dataset: name)
    let policy = try CaptionPolicy.unlisted(options, dataset: name, usual: .first)
    let texts = Dictionary(zip(ids, sentences.lines), uniquingKeysWith: { first, _ in first })
    var builder = CaptionedItems(split: split, policy: policy, language: language)
    let items = builder.items { id, _, captions in
      DatasetItem(id: id, captions: captions, imagePaths: [picture(files[id] ?? "", root)])
    } captions: { texts[$0].flatMap { $0.isEmpty ? nil : [$0] } ?? [] }
    return Dataset(
      name: name, language: language, items: items, skipped: builder.skipped, relevance: .relatedIDs,
      sizes: DatasetDigest.sizes(of: items.values.joined()), split: split, captionPolicy: policy, namespace: "coco")
  }

  private func file(_ name: String, _ root: String) -> String {
    let places = ["", "XTD10/", "MIC/", "STAIR/"].map { "\(root)/\($0)\(name)" }
    return places.first { FileManager.default.fileExists(atPath: $0) } ?? places[0]
  }

  private func picture(_ file: String, _ root: String) -> String {
    let folder = file.contains("_train2014_") ? "train2014" : "val2014"
    let own = "\(root)/\(folder)/\(file)"
    return FileManager.default.fileExists(atPath: own) ? own : "\(root)/images/\(file)"
  }

  /// `COCO_val2014_000000129945.jpg` → `129945`.
  private func names(_ path: String) throws -> (ids: [String], files: [String: String], path: String) {
    var (ids, files): ([String], [String: String]) = ([], [:])
    for (line, name) in try Self.lines(path).lines.enumerated() {
      func error(_ problem: String) -> IeumError {
        IeumError(.data, problem, file: path, place: "line \(line + 1)", remedy: "put the published file there")
      }
      let parts = name.dropLast(name.hasSuffix(".jpg") ? 4 : 0).split(separator: "_")
      guard parts.count == 3, parts[0] == "COCO", ["train2014", "val2014"].contains(parts[1]), name.hasSuffix(".jpg"),
        let number = Int(parts[2]), number > 0
      else { throw error("'\(name)' is not COCO_train2014_NUMBER.jpg or COCO_val2014_NUMBER.jpg") }
      guard files.updateValue(name, forKey: String(number)) == nil else { throw error("'\(name)' is listed twice") }
      ids.append(String(number))
    }
    return (ids, files, path)
  }

  /// The lines in NFC, without the empty one at the end.
  private static func lines(_ path: String) throws -> (lines: [String], path: String) {
    var lines = try TextLines.read(path).map { KeyedTable.normal($0.text) }
    if lines.last == "" { lines.removeLast() }
    return (lines, path)
  }
}
