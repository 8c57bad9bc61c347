import Basics
import Foundation

/// Flickr30k (Young et al. 2014): pictures with five sentences each, in two different splits.
///
/// * `f30k-karpathy`: 29,000 / 1,014 / 1,000 of `dataset_flickr30k.json`. `f30k-entities`: the lists of Flickr30k
///   Entities, 29,783 / 1,000 / 1,000, with the sentences of the token file. `f30k-karpathy-test`: the 1,000 test pictures
///   of the former alone, from CLIP_benchmark's file.
/// * Order: that of the file, or of the lists.
struct Flickr30kDataset: DatasetSpec {
  let name = "flickr30k"
  let summary = "Flickr30k: 31,783 pictures with five sentences; splits f30k-karpathy, f30k-entities, f30k-karpathy-test"
  let defaultRoot = "data/flickr30k"
  let defaultLanguage = "en"
  let splits = ["f30k-karpathy", "f30k-entities", "f30k-karpathy-test"]
  let expectedLayout = [
    "dataset_flickr30k.json (split f30k-karpathy)",
    "results_20130124.token and train.txt, val.txt, test.txt of Flickr30k Entities (split f30k-entities)",
    "flickr30k_test_karpathy.txt of CLIP_benchmark (split f30k-karpathy-test)",
    "UNRELATED_CAPTIONS of Flickr30k Entities (option dropUnrelated=true)",
    "flickr30k-images/*.jpg (or images/*.jpg)",
  ]

  func load(_ options: DatasetOptions) throws -> Dataset {
    let root = root(options)
    let folder = FileManager.default.fileExists(atPath: "\(root)/images") ? "images/" : "flickr30k-images/"
    let set = KarpathyDataset(name: name, root: root, pictures: folder, options: options)
    let language = options.language ?? defaultLanguage
    let id = try splitName(options)
    let unrelated = try options.dropUnrelated ? Flickr30kUnrelated.read("\(root)/\(Flickr30kUnrelated.file)") : nil
    let mark = Flickr30kUnrelated.mark(options)
    if id == "f30k-karpathy" {
      let file = try set.file(without: unrelated?.numbers ?? [:])
      return try set.dataset(
        set.named(id + mark, file, train: ["train"]), captions: file.captions, files: file.files, source: file.path,
        language: language, notes: unrelated?.notes(Set(file.images.map(\.id))) ?? [])
    }
    if id == "f30k-karpathy-test" {
      let file = try Flickr30kCommas("\(root)/flickr30k_test_karpathy.txt", without: unrelated?.numbers ?? [:])
      if !options.acceptOtherData {
        try PublishedList(count: 1_000).check(file.ids, what: "test of '\(id)'", source: file.path)
      }
      let split = try NamedSplit(id + mark, [.test: NamedSplit.Part(ids: file.ids, source: file.path)], dataset: name)
      return try set.dataset(
        split, captions: file.captions, files: [:], source: file.path, language: language,
        notes: unrelated?.notes(Set(file.ids)) ?? [])
    }
    let token = "\(root)/results_20130124.token"
    var problems = ProblemList()
    let found = (
      problems.collect { try entities(id, root, options) },
      problems.collect { try Flickr30kTokens.read(token, without: unrelated?.numbers ?? [:]) }
    )
    guard case (let split?, let captions?) = found else { throw problems.error }
    return try set.dataset(
      split, captions: captions, files: [:], source: token, language: language,
      notes: unrelated?.notes(Set(captions.keys)) ?? [])
  }

  private func entities(_ id: String, _ root: String, _ options: DatasetOptions) throws -> NamedSplit {
    let files: [(Split, String, PublishedList)] = [
      (.train, "train.txt", PublishedList(count: 29_783, hash: "33dcd67a3b63")),
      (.validation, "val.txt", PublishedList(count: 1_000, hash: "058010e03868")),
      (.test, "test.txt", PublishedList(count: 1_000, hash: "ee9bfc216de5")),
    ]
    var parts: [Split: NamedSplit.Part] = [:]
    var problems = ProblemList()
    for (part, file, published) in files {
      parts[part] = problems.collect {
        let path = "\(root)/\(file)"
        let ids = try IDList.read(path)
        if !options.acceptOtherData {
          try published.check(ids, what: "\(part.rawValue) of '\(id)'", source: path)
        }
        return NamedSplit.Part(ids: ids, source: path)
      }
    }
    try problems.check()
    return try NamedSplit(
      id + Flickr30kUnrelated.mark(options), parts, dataset: name, allowLeakage: options.allowLeakage)
  }
}

/// `results_20130124.token`: `FILE.jpg#N`, a tab, a sentence; N from 0 to 4.
enum Flickr30kTokens {
  /// - Parameter unrelated: sentences to leave out, by picture and number from 0.
  /// - Returns: file name without suffix → sentences by their number.
  /// - Throws: ``IeumError`` (data) naming the line: no tab, no `#N`, a number that comes twice.
  static func read(_ path: String, without unrelated: [String: Set<Int>] = [:]) throws -> [String: [String]] {
    var numbered: [String: [(number: Int, text: String)]] = [:]
    for (line, text) in try TextLines.read(path) where !text.isEmpty {
      guard let tab = text.firstIndex(of: "\t"), let hash = text[..<tab].lastIndex(of: "#"),
        let number = Int(text[text.index(after: hash)..<tab])
      else {
        throw IeumError(
          .data, "is not 'FILE.jpg#N', a tab and a sentence", file: path, place: "line \(line)",
          remedy: "put the published results_20130124.token there")
      }
      let id = FileName.stem(KeyedTable.normal(String(text[..<hash])))
      if numbered[id]?.contains(where: { $0.number == number }) == true {
        throw IeumError(
          .data, "sentence \(number) of '\(id)' comes twice", file: path, place: "line \(line)",
          remedy: "put the published results_20130124.token there")
      }
      numbered[id, default: []].append((number, KeyedTable.normal(String(text[text.index(after: tab)...]))))
    }
    return Dictionary(
      uniqueKeysWithValues: numbered.map { id, sentences in
        let related = sentences.filter { unrelated[id]?.contains($0.number) != true }
        return (id, related.sorted { $0.number < $1.number }.map(\.text).filter { !$0.isEmpty })
      })
  }
}
