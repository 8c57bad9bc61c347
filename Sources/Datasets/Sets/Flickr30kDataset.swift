import Basics
import Foundation

/// Flickr30k (Young et al. 2014): pictures with five sentences each, in two different splits.
///
/// * `f30k-karpathy`: 29,000 / 1,014 / 1,000 of `dataset_flickr30k.json`. `f30k-entities`: the lists of Flickr30k
///   Entities, 29,783 / 1,000 / 1,000, with the sentences of the token file.
/// * Order: that of the file, or of the lists.
struct Flickr30kDataset: DatasetSpec {
  let name = "flickr30k"
  let summary = "Flickr30k: 31,783 pictures with five sentences; splits f30k-karpathy, f30k-entities"
  let defaultRoot = "data/flickr30k"
  let defaultLanguage = "en"
  let splits = ["f30k-karpathy", "f30k-entities"]
  let expectedLayout = [
    "dataset_flickr30k.json (split f30k-karpathy)",
    "results_20130124.token and train.txt, val.txt, test.txt of Flickr30k Entities (split f30k-entities)",
    "flickr30k-images/*.jpg (or images/*.jpg)",
  ]

  func load(_ options: DatasetOptions) throws -> Dataset {
    let root = root(options)
    let folder = FileManager.default.fileExists(atPath: "\(root)/images") ? "images/" : "flickr30k-images/"
    let set = KarpathyDataset(name: name, root: root, pictures: folder, options: options)
    let language = options.language ?? defaultLanguage
    let id = try splitName(options)
    if id == "f30k-karpathy" {
      let file = try set.file()
      return try set.dataset(
        set.named(id, file, train: ["train"]), captions: file.captions, files: file.files, source: file.path,
        language: language)
    }
    let token = "\(root)/results_20130124.token"
    var problems = ProblemList()
    let found = (
      problems.collect { try entities(id, root, options) }, problems.collect { try Flickr30kTokens.read(token) }
    )
    guard case (let split?, let captions?) = found else { throw problems.error }
    return try set.dataset(split, captions: captions, files: [:], source: token, language: language)
  }

  private func entities(_ id: String, _ root: String, _ options: DatasetOptions) throws -> NamedSplit {
    let files: [(Split, String, Int)] = [
      (.train, "train.txt", 29_783), (.validation, "val.txt", 1_000), (.test, "test.txt", 1_000),
    ]
    var parts: [Split: NamedSplit.Part] = [:]
    var problems = ProblemList()
    for (part, file, count) in files {
      parts[part] = problems.collect {
        let path = "\(root)/\(file)"
        let ids = try IDList.read(path)
        if !options.acceptOtherData {
          try PublishedList(count: count).check(ids, what: "\(part.rawValue) of '\(id)'", source: path)
        }
        return NamedSplit.Part(ids: ids, source: path)
      }
    }
    try problems.check()
    return try NamedSplit(id, parts, dataset: name, allowLeakage: options.allowLeakage)
  }
}

/// `results_20130124.token`: `FILE.jpg#N`, a tab, a sentence; N from 0 to 4.
enum Flickr30kTokens {
  /// - Returns: file name without suffix → sentences by their number.
  /// - Throws: ``IeumError`` (data) naming the line: no tab, no `#N`, a number that comes twice.
  static func read(_ path: String) throws -> [String: [String]] {
    var numbered: [String: [(number: Int, text: String)]] = [:]
    for (line, text) in try TextLines.read(path) where !text.isEmpty {
      guard let tab = text.firstIndex(of: "\t"), let hash = text[..<tab].lastIndex(of: "#"),
        let number = Int(text[text.index(after: hash)..<tab])
      else {
        throw IeumError(
          .data, "is not 'FILE.jpg#N', a tab and a sentence", file: path, place: "line \(line)",
          remedy: "put the published results_20130124.token there")
      }
      let id = (KeyedTable.normal(String(text[..<hash])) as NSString).deletingPathExtension
      if numbered[id]?.contains(where: { $0.number == number }) == true {
        throw IeumError(
          .data, "sentence \(number) of '\(id)' comes twice", file: path, place: "line \(line)",
          remedy: "put the published results_20130124.token there")
      }
      numbered[id, default: []].append((number, KeyedTable.normal(String(text[text.index(after: tab)...]))))
    }
    return numbered.mapValues { $0.sorted { $0.number < $1.number }.map(\.text).filter { !$0.isEmpty } }
  }
}
