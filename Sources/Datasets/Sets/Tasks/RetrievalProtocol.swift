import Basics

/// The field's evaluation protocols by name; each is one or more tasks.
public enum RetrievalProtocol: String, Sendable, CaseIterable {
  /// Every text a query, ranked over all items of the split.
  case textToVideo = "t2v"
  /// Every item a query, ranked over all texts (collaborative-experts, MMT, vsepp).
  case flat = "v2t-flat"
  /// Every item a query, ranked over all items by the best of their texts (CLIP4Clip on MSVD).
  case grouped = "v2t-grouped"
  /// The three above.
  case standard
  /// All 5,000 test pictures of COCO, both directions.
  case coco5k
  /// Five consecutive galleries of 1,000 in file order, metrics averaged, both directions.
  case coco1kFolds = "coco1k-5fold"
  /// The first 1,000 alone: easier, and never to be compared with the five folds.
  case coco1kFirst = "coco1k-first"
  /// Items against the same items in another modality (image and sound), both directions.
  case pairs

  public var summary: String {
    switch self {
    case .textToVideo: "every text a query over all items"
    case .flat: "every item a query over all texts"
    case .grouped: "every item a query over all items, each by its best text"
    case .standard: "t2v, v2t-flat and v2t-grouped"
    case .coco5k: "COCO, 5,000 test images, both directions"
    case .coco1kFolds: "COCO, mean over five galleries of 1,000, both directions"
    case .coco1kFirst: "COCO, the first 1,000 test images, both directions"
    case .pairs: "items against the same items in another modality, both directions"
    }
  }

  /// - Throws: ``IeumError`` (usage) for an unknown name, with the nearest known one.
  public static func named(_ name: String) throws -> RetrievalProtocol {
    guard let found = RetrievalProtocol(rawValue: name) else {
      throw Suggestion.unknown(
        "protocol", name, known: allCases.map(\.rawValue) + HashingProtocol.allCases.map(\.rawValue))
    }
    return found
  }

  /// The protocol's tasks on a split.
  /// - Throws: ``IeumError`` (data) for a split without items, or without the 5,000 that a COCO protocol takes.
  public func tasks(of dataset: Dataset, split: Split = .test) throws -> [RetrievalTask] {
    let items = dataset.items(in: split)
    guard !items.isEmpty else {
      throw IeumError(
        .data, "the split '\(split.rawValue)' is empty", place: "dataset '\(dataset.name)'",
        remedy: "choose another part or another named split")
    }
    let maker = TaskMaker(dataset: dataset, split: split, name: rawValue)
    switch self {
    case .textToVideo: return [maker.textToItem([items], "t2v")]
    case .flat: return [maker.itemToText([items], "v2t-flat", grouped: false)]
    case .grouped: return [maker.itemToText([items], "v2t-grouped", grouped: true)]
    case .standard:
      return [
        maker.textToItem([items], "t2v"), maker.itemToText([items], "v2t-flat", grouped: false),
        maker.itemToText([items], "v2t-grouped", grouped: true),
      ]
    case .coco5k, .coco1kFolds, .coco1kFirst:
      let folds = try galleries(items, dataset)
      return [maker.textToItem(folds, "t2i"), maker.itemToText(folds, "i2t", grouped: false)]
    case .pairs: return [maker.paired(items, "a2b", from: .items, to: .partners), maker.paired(items, "b2a", from: .partners, to: .items)]
    }
  }

  /// The items of each gallery that the protocol ranks: all of the split in one, or COCO's.
  /// - Throws: ``IeumError`` (data) for a split that is not the one a COCO protocol takes.
  public func galleries(of dataset: Dataset, split: Split) throws -> [[DatasetItem]] {
    let items = dataset.items(in: split)
    switch self {
    case .coco5k, .coco1kFolds, .coco1kFirst: return try galleries(items, dataset)
    case .textToVideo, .flat, .grouped, .standard, .pairs: return [items]
    }
  }

  private func galleries(_ items: [DatasetItem], _ dataset: Dataset) throws -> [[DatasetItem]] {
    guard items.count == 5_000 else {
      throw IeumError(
        .data, "'\(rawValue)' takes 5,000 images in file order, the split has \(items.count)",
        place: "dataset '\(dataset.name)'", remedy: "use it on COCO's test (or val) part, or use t2v and v2t-flat")
    }
    guard dataset.captionPolicy == .firstFive else {
      throw IeumError(
        .data, "'\(rawValue)' takes five captions per image, the dataset was loaded with '\(dataset.captionPolicy.rawValue)'",
        place: "dataset '\(dataset.name)'", remedy: "load it with captions=first-five")
    }
    switch self {
    case .coco5k: return [items]
    case .coco1kFirst: return [Array(items.prefix(1_000))]
    default: return (0..<5).map { Array(items[($0 * 1_000)..<(($0 + 1) * 1_000)]) }
    }
  }
}
