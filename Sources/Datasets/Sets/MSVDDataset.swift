import Basics
import Foundation
import Weights

/// MSVD (Chen and Dolan 2011): 1,970 clips of YouTube videos with 18 to 81 English sentences each.
///
/// * Split `official`: 1,200 / 100 / 670; the lists are checked against their published counts and hashes. A clip of test
///   is asked for by every one of its sentences.
/// * Item: a clip `YOUTUBEID_BEGIN_END`. One video has clips in train and in validation; none is in test too.
/// * Order: that of the lists.
struct MSVDDataset: DatasetSpec {
  let name = "msvd"
  let summary = "MSVD: 1,970 web clips with about 40 sentences each, every one a query"
  let defaultRoot = "data/msvd"
  let defaultLanguage = "en"
  let splits = ["official"]
  let expectedLayout = [
    "captions_msvd.json (id → sentences; X-Pool) or raw-captions.pkl (id → lists of words; CLIP4Clip)",
    "train_list.txt, val_list.txt, test_list.txt: one id a line",
    "videos/ID.avi (also looked for in YouTubeClips/, all/; other containers too)",
  ]

  private static let published: [Split: (list: String, PublishedList, sentences: Int)] = [
    .train: ("train_list.txt", PublishedList(count: 1200, hash: "abfb8ab5660b"), 48_774),
    .validation: ("val_list.txt", PublishedList(count: 100, hash: "9527cf1ef6c8"), 4_290),
    .test: ("test_list.txt", PublishedList(count: 670, hash: "95eacd1fddb1"), 27_763),
  ]

  func load(_ options: DatasetOptions) throws -> Dataset {
    let root = root(options)
    let policy = try CaptionPolicy.unlisted(options, dataset: name, usual: .all)
    var problems = ProblemList()
    let found = (
      problems.collect { try captions(root) }, problems.collect { try split(try splitName(options), root, options) }
    )
    guard case (let (captions, source)?, let split?) = found else { throw problems.error }
    let media = MediaIndex(
      root: root, folders: ["videos", "YouTubeClips", "all"], suffixes: MediaIndex.videoSuffixes, expected: "avi")
    var builder = CaptionedItems(split: split, policy: policy, language: options.language ?? defaultLanguage)
    try builder.requireEntries(
      Set(captions.keys), source: source, dataset: name, acceptOtherData: options.acceptOtherData)
    let items = builder.items { id, _, captions in
      DatasetItem(id: id, captions: captions, videoPath: media.path(id))
    } captions: { captions[$0] ?? [] }
    return Dataset(
      name: name, language: builder.language, items: items, skipped: builder.skipped, notes: notes(split, captions),
      relevance: .relatedIDs, sizes: DatasetDigest.sizes(of: items.values.joined()), split: split, captionPolicy: policy)
  }

  private func split(_ id: String, _ root: String, _ options: DatasetOptions) throws -> NamedSplit {
    var parts: [Split: NamedSplit.Part] = [:]
    var problems = ProblemList()
    for part in Split.allCases {
      guard let (list, published, _) = Self.published[part] else { continue }
      parts[part] = problems.collect {
        let path = "\(root)/\(list)"
        let ids = try IDList.read(path)
        if !options.acceptOtherData {
          try published.check(ids, what: "\(part.rawValue) of '\(id)'", source: path)
        }
        return NamedSplit.Part(ids: ids, source: path)
      }
    }
    try problems.check()
    return try NamedSplit(id, parts, dataset: name, allowLeakage: options.allowLeakage)
  }

  /// - Returns: clip → sentences in NFC, empty ones left out, and the file that holds them.
  private func captions(_ root: String) throws -> ([String: [String]], source: String) {
    let (json, pickle) = ("\(root)/captions_msvd.json", "\(root)/raw-captions.pkl")
    func normal(_ texts: [String]) -> [String] { texts.map(KeyedTable.normal).filter { !$0.isEmpty } }
    if FileManager.default.fileExists(atPath: json) {
      let read = try AnnotationJSON.read(
        [String: [String]].self, json, remedy: "put X-Pool's captions_msvd.json there: clip → list of sentences")
      return (
        Dictionary(read.map { (KeyedTable.normal($0.key), normal($0.value)) }, uniquingKeysWith: { first, _ in first }), json
      )
    }
    guard FileManager.default.fileExists(atPath: pickle) else {
      throw IeumError(
        .data, "holds no sentences", file: root, place: "dataset '\(name)'",
        remedy: "put captions_msvd.json or raw-captions.pkl there")
    }
    let read = try PickleTable.read(pickle).sentences()
    return (
      Dictionary(read.map { (KeyedTable.normal($0.id), normal($0.sentences)) }, uniquingKeysWith: { first, _ in first }),
      pickle
    )
  }

  private func notes(_ split: NamedSplit, _ captions: [String: [String]]) -> [String] {
    Split.allCases.compactMap { part in
      guard let published = Self.published[part] else { return nil }
      let count = split.ids(in: part).reduce(0) { $0 + (captions[$1]?.count ?? 0) }
      return count == published.sentences
        ? nil : "\(part.rawValue) has \(count) sentences, X-Pool's copy \(published.sentences)"
    }
  }
}
