import Basics
import Foundation

/// What the sets of pictures with five sentences each have in common: from a Karpathy file to a dataset.
struct KarpathyDataset {
  let name: String
  let root: String
  /// In front of the pictures' names, relative to the root: empty, or a folder with a slash.
  let pictures: String
  let options: DatasetOptions

  private static let published: [String: [String: Int]] = [
    "coco": ["train": 82_783, "restval": 30_504, "val": 5_000, "test": 5_000],
    "flickr30k": ["train": 29_000, "val": 1_014, "test": 1_000],
  ]

  /// - Parameter unrelated: sentences to leave out, by picture and number from 0.
  func file(without unrelated: [String: Set<Int>] = [:]) throws -> KarpathyFile {
    let path = "\(root)/dataset_\(name).json"
    guard FileManager.default.fileExists(atPath: path) else {
      throw IeumError(
        .data, "is missing", file: path, place: "dataset '\(name)'", remedy: "put Karpathy's dataset_\(name).json there")
    }
    let file = try KarpathyFile.read(path, dataset: name, without: unrelated)
    if !options.acceptOtherData {
      for (split, count) in (Self.published[name] ?? [:]).sorted(by: { $0.key < $1.key }) {
        try PublishedList(count: count).check(file.ids(split), what: "'\(split)'", source: path)
      }
    }
    return file
  }

  func named(_ id: String, _ file: KarpathyFile, train: [String]) throws -> NamedSplit {
    func part(_ splits: [String]) -> NamedSplit.Part {
      NamedSplit.Part(ids: file.images.filter { splits.contains($0.split) }.map(\.id), source: file.path)
    }
    return try NamedSplit(
      id, [.train: part(train), .validation: part(["val"]), .test: part(["test"])], dataset: name,
      allowLeakage: options.allowLeakage)
  }

  /// - Parameter captions: id → sentences, from whatever file holds them.
  func dataset(
    _ split: NamedSplit, captions: [String: [String]], files: [String: String], source: String, language: String,
    notes: [String] = []
  ) throws -> Dataset {
    let policy = try CaptionPolicy.unlisted(options, dataset: name)
    var builder = CaptionedItems(split: split, policy: policy, language: language)
    try builder.requireEntries(
      Set(captions.keys), source: source, dataset: name, acceptOtherData: options.acceptOtherData)
    let items = builder.items { id, _, captions in
      DatasetItem(id: id, captions: captions, imagePaths: ["\(root)/\(pictures)\(files[id] ?? "\(id).jpg")"])
    } captions: { captions[$0] ?? [] }
    let few = items.filter { $0.key != .train }.values.joined().count { $0.captions[language]?.count ?? 0 < 5 }
    let short = policy == .firstFive && few > 0 ? ["\(few) evaluated images have fewer than five sentences"] : []
    return Dataset(
      name: name, language: language, items: items, skipped: builder.skipped, notes: notes + short,
      relevance: .relatedIDs, sizes: DatasetDigest.sizes(of: items.values.joined()), split: split, captionPolicy: policy)
  }
}

extension CaptionPolicy {
  /// The policy of a dataset that has no list of fixed sentences.
  /// - Parameter usual: the one that its published numbers follow.
  static func unlisted(
    _ options: DatasetOptions, dataset: String, usual: CaptionPolicy = .firstFive
  ) throws -> CaptionPolicy {
    guard let policy = options.captions else { return usual }
    guard policy != .fixedList else {
      throw IeumError(
        .usage, "'\(dataset)' has no list of fixed sentences", place: "option captions",
        remedy: "use first-five, first or all")
    }
    return policy
  }
}
