import Basics
import Foundation
import Weights

/// Precomputed picture features as vsepp and SCAN read them: `PART_ims.npy` beside `PART_caps.txt`, five sentences a
/// picture (`coco_precomp`, `f30k_precomp`, `10crop_precomp`).
///
/// * Splits: `precomp` (train, dev, test), `precomp-testall` (COCO's 5,000: train, dev, testall). Of dev the first 5,000
///   sentences count, as in those programs.
/// * Item: `PART/NUMBER`, a row of the array; where the array has a row per sentence, every fifth.
/// * Order: that of the rows.
struct PrecomputedDataset: DatasetSpec {
  let name = "precomputed"
  let summary = "picture features in .npy with five sentences a picture, as vsepp and SCAN read them"
  let defaultRoot = "data/precomputed"
  let defaultLanguage = "en"
  let splits = ["precomp", "precomp-testall"]
  let expectedLayout = [
    "train_ims.npy, dev_ims.npy, test_ims.npy (testall_ims.npy for split precomp-testall): [N, D] or [N, R, D]",
    "train_caps.txt, dev_caps.txt, test_caps.txt (testall_caps.txt): a sentence a line, five a picture",
  ]

  static let sentences = 5

  private struct Part {
    let ids: [String]
    let captions: [String]
    let array: String
    let lines: String
  }

  func load(_ options: DatasetOptions) throws -> Dataset {
    let root = root(options)
    let id = try splitName(options)
    let names: [(Split, String)] = [
      (.train, "train"), (.validation, "dev"), (.test, id == "precomp" ? "test" : "testall"),
    ]
    var problems = ProblemList()
    var parts: [Split: Part] = [:]
    for (part, name) in names { parts[part] = problems.collect { try read(name, root) } }
    try problems.check()
    let split = try NamedSplit(
      id, parts.mapValues { NamedSplit.Part(ids: $0.ids, source: $0.lines) }, dataset: name)
    let texts = parts.mapValues { part in
      Dictionary(part.ids.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }
    let policy = try CaptionPolicy.unlisted(options, dataset: name)
    var builder = CaptionedItems(split: split, policy: policy, language: options.language ?? defaultLanguage)
    let items = builder.items { id, part, captions in
      DatasetItem(id: id, captions: captions, featurePath: parts[part]?.array)
    } captions: { id in
      let part = Split.allCases.first { texts[$0]?[id] != nil }
      guard let part, let row = texts[part]?[id], let lines = parts[part]?.captions else { return [] }
      return lines[row * Self.sentences..<(row + 1) * Self.sentences].filter { !$0.isEmpty }
    }
    return Dataset(
      name: name, language: builder.language, items: items, skipped: builder.skipped, relevance: .relatedIDs,
      sizes: DatasetDigest.sizes(of: items.values.joined()), split: split, captionPolicy: policy,
      namespace: "precomputed \(URL(fileURLWithPath: root).standardizedFileURL.path)")
  }

  private func read(_ part: String, _ root: String) throws -> Part {
    let (array, path) = ("\(root)/\(part)_ims.npy", "\(root)/\(part)_caps.txt")
    let lines = try PrecomputedArrays.lines(path)
    guard !lines.isEmpty, lines.count % Self.sentences == 0 else {
      throw IeumError(
        .data, "has \(lines.count) sentences, not five a picture", file: path, place: "dataset '\(name)'",
        remedy: "put the whole file there")
    }
    let shape = try NumpyArray.shape(of: array)
    let pictures = lines.count / Self.sentences
    guard (2...3).contains(shape.count), shape[0] == pictures || shape[0] == lines.count else {
      throw IeumError(
        .data, "has the shape \(shape) for \(lines.count) sentences", file: array, place: "dataset '\(name)'",
        remedy: "an array of \(pictures) or \(lines.count) rows belongs to \(path)")
    }
    let count = part == "dev" ? min(pictures, 1000) : pictures
    return Part(ids: (0..<count).map { "\(part)/\($0)" }, captions: lines, array: array, lines: path)
  }
}

/// How the arrays of ``PrecomputedDataset`` lie beside their sentences.
public enum PrecomputedArrays {
  /// One, or five where `…_ims.npy` has a row for every line of `…_caps.txt`.
  public static func rowsPerPicture(_ array: String) throws -> Int {
    let lines = try lines(String(array.dropLast("ims.npy".count)) + "caps.txt")
    return try NumpyArray.shape(of: array).first == lines.count ? PrecomputedDataset.sentences : 1
  }

  /// In NFC, without the empty one at the end.
  static func lines(_ path: String) throws -> [String] {
    let lines = try TextLines.read(path).map { KeyedTable.normal($0.text) }
    return lines.last == "" ? lines.dropLast() : lines
  }
}
