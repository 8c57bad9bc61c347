import Basics
import Foundation
import Weights

/// The published splits of MSR-VTT, from the files that hold them or from the official ranges.
///
/// Counts and hashes are those of the published lists; a list that differs is refused.
struct MSRVTTSplits {
  let root: String
  let annotated: [String]
  let acceptOtherData: Bool

  static let names = ["1kA-9k", "1kA-7k", "1kB", "full"]

  private typealias Published = [Split: PublishedList]
  private static let published: [String: Published] = [
    "full": [
      .train: PublishedList(count: 6513, hash: "0f1f00423794"),
      .validation: PublishedList(count: 497, hash: "e58250844311"),
      .test: PublishedList(count: 2990, hash: "e033df45731e"),
    ],
    "1kA-9k": [
      .train: PublishedList(count: 9000, hash: "d6a49bb2d8b9"), .test: PublishedList(count: 1000, hash: "64462f74c952"),
    ],
    "1kA-7k": [
      .train: PublishedList(count: 7010, hash: "eab8ce5e410b"), .test: PublishedList(count: 1000, hash: "64462f74c952"),
    ],
    "1kB": [
      .train: PublishedList(count: 6656, hash: "8d7887214f6e"), .test: PublishedList(count: 1000, hash: "f94315a680f8"),
    ],
  ]

  static func defaultPolicy(_ split: String) -> CaptionPolicy {
    switch split {
    case "full": .all
    case "1kB": .first
    default: .fixedList
    }
  }

  /// - Throws: ``IeumError`` (usage) for an unknown name, (data) for lists that are missing, differ from the published
  ///   ones, name absent clips, or share clips.
  func split(_ options: DatasetOptions) throws -> NamedSplit {
    let name = try known(options.split ?? MSRVTTSplits.names[0])
    let testName = try options.test.map(known)
    var parts = try parts(name)
    if let testName, testName != name { parts[.test] = try self.parts(testName)[.test] }
    var id = testName.map { $0 == name ? name : "\(name)>\($0)" } ?? name
    if options.holdOut > 0, parts[.validation] == nil, let train = parts[.train] {
      let (rest, held) = try HoldOut.cut(train.ids, count: options.holdOut, seed: options.seed)
      parts[.train] = NamedSplit.Part(ids: rest, source: train.source)
      parts[.validation] = NamedSplit.Part(ids: held, source: "held out of \(train.source)")
      id += "-hold\(options.holdOut)s\(options.seed)"
    }
    return try NamedSplit(id, parts, dataset: "msrvtt", allowLeakage: options.allowLeakage)
  }

  private func known(_ name: String) throws -> String {
    guard MSRVTTSplits.names.contains(name) else {
      throw Suggestion.unknown("split", name, known: MSRVTTSplits.names, place: "dataset 'msrvtt'")
    }
    return name
  }

  private func parts(_ name: String) throws -> [Split: NamedSplit.Part] {
    let parts: [Split: NamedSplit.Part]
    switch name {
    case "full":
      parts = [
        .train: official(0..<6513), .validation: official(6513..<7010), .test: official(7010..<10_000),
      ]
    case "1kB":
      var problems = ProblemList()
      let train = problems.collect { try required(["train_list_miech.txt"], "1kB train") }
      let test = problems.collect { try required(["test_list_miech.txt"], "1kB test") }
      guard let train, let test else { throw problems.error }
      parts = [.train: train, .test: test]
    default:
      let test = try required(["MSRVTT_JSFUSION_test.csv", "val_list_jsfusion.txt"], "1k-A test")
      parts = [.train: try train(name, without: Set(test.ids)), .test: test]
    }
    if !acceptOtherData {
      for (part, published) in MSRVTTSplits.published[name] ?? [:] {
        guard let found = parts[part] else { continue }
        try published.check(found.ids, what: "\(part.rawValue) of '\(name)'", source: found.source)
      }
    }
    return parts
  }

  /// The official lists are ranges of clip numbers.
  private func official(_ range: Range<Int>) -> NamedSplit.Part {
    let ids = range.map { "video\($0)" }
    let known = acceptOtherData ? Set(annotated) : []
    return NamedSplit.Part(
      ids: acceptOtherData ? ids.filter(known.contains) : ids,
      source: "the official clips video\(range.lowerBound) … video\(range.upperBound - 1)")
  }

  /// The published training list, or what it is known to be: all other clips (9k), full train and validation (7k).
  private func train(_ name: String, without test: Set<String>) throws -> NamedSplit.Part {
    let files = name == "1kA-9k" ? ["MSRVTT_train.9k.csv", "train_list_jsfusion.txt"] : ["MSRVTT_train.7k.csv"]
    if let listed = try list(files) { return listed }
    if name == "1kA-7k" { return official(0..<7010) }
    let all = official(0..<10_000)
    return NamedSplit.Part(ids: all.ids.filter { !test.contains($0) }, source: "all clips outside of 1k-A test")
  }

  private func list(_ names: [String]) throws -> NamedSplit.Part? {
    let paths = names.map { "\(root)/\($0)" }
    guard let path = paths.first(where: { FileManager.default.fileExists(atPath: $0) }) else { return nil }
    return NamedSplit.Part(ids: try IDList.read(path), source: path)
  }

  private func required(_ names: [String], _ what: String) throws -> NamedSplit.Part {
    guard let part = try list(names) else {
      throw IeumError(
        .data, "the list of \(what) is missing", file: root, place: "dataset 'msrvtt'",
        remedy: "put \(names.joined(separator: " or ")) there")
    }
    return part
  }

  /// The one sentence per test clip of 1k-A.
  /// - Parameter captions: clip → its sentences, which the list of collaborative-experts counts from 0.
  /// - Throws: ``IeumError`` (data) when the file that holds them is missing.
  func fixedSentences(_ captions: [String: [String]]) throws -> [String: String] {
    let path = "\(root)/MSRVTT_JSFUSION_test.csv"
    let numbers = "\(root)/jsfusion_val_caption_idx.pkl"
    if !FileManager.default.fileExists(atPath: path), FileManager.default.fileExists(atPath: numbers) {
      return try numbered(numbers, captions)
    }
    guard FileManager.default.fileExists(atPath: path) else {
      throw IeumError(
        .data, "the sentences of 1k-A test are missing", file: path, place: "dataset 'msrvtt'",
        remedy: "put the file there, or choose captions=first or captions=all (another protocol)")
    }
    let cells = try KeyedTable(path: path, key: "video_id").unique("sentence")
    if let empty = cells.first(where: { $0.value.isEmpty }) {
      throw IeumError(
        .data, "'\(empty.id)' has no sentence", file: path, place: "line \(empty.line)",
        remedy: "put the published file there")
    }
    return Dictionary(cells.map { ($0.id, $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  private func numbered(_ path: String, _ captions: [String: [String]]) throws -> [String: String] {
    var sentences: [String: String] = [:]
    for (id, number) in try PickleTable.read(path).integers() {
      // Clips without annotations are told of by the split.
      guard let all = captions[id] else { continue }
      guard all.indices.contains(number) else {
        throw IeumError(
          .data, "sentence \(number) of '\(id)' is asked for, which has \(all.count)", file: path, place: "entry '\(id)'",
          remedy: "put the annotation file there that belongs to the list")
      }
      sentences[id] = all[number]
    }
    return sentences
  }
}
