import Basics
import Foundation

/// The stamps of Tux Paint: small pictures with a caption in many languages, in folders by subject.
///
/// * Item: a stem `CATEGORY/…/NAME` with a picture (`.png`, else `.svg`), an English and a Korean caption,
///   and a caption in the language asked for. English and Korean are both needed so that all languages are
///   compared on the same items and splits. `*_mirror` variants are left out.
/// * Label: the top folder, or `top/second` where that second-level folder holds at least 20 items.
/// * Split: ``SplitMaker`` with seed 2022, stratified by label; items with an equal English or Korean caption
///   stay on one side.
/// * Order: by id.
struct StampsDataset: DatasetSpec {
  let name = "stamps"
  let summary =
    "about 940 small pictures with captions in English, Korean and 75 more languages; classes from folders"
  let defaultRoot = "/usr/share/tuxpaint/stamps"
  let defaultLanguage = "en"
  let expectedLayout = [
    "CATEGORY/…/NAME.txt: caption in English on line 1, then lines LANG.utf8=CAPTION",
    "CATEGORY/…/NAME.png or NAME.svg: the picture; NAME.ogg: its sound (optional)",
    "(Debian package tuxpaint-stamps-default)",
  ]

  /// A second-level folder with this many items is a class of its own.
  static let classSize = 20

  func load(_ options: DatasetOptions) throws -> Dataset {
    let root = root(options)
    let language = options.language ?? defaultLanguage
    let (stamps, skipped) = try StampFolder(root: root, languages: ["en", "ko", language]).read()
    guard !stamps.isEmpty else {
      throw IeumError(
        .data, "holds no stamps", file: root, place: "dataset 'stamps'",
        remedy: "install the Debian package tuxpaint-stamps-default, or name the folder that holds the stamps"
      )
    }
    let labels = StampsDataset.labels(of: stamps.map(\.id))
    let items = stamps.map { stamp in
      DatasetItem(
        id: stamp.id, texts: stamp.captions, imagePaths: ["\(root)/\(stamp.picture)"],
        audioPath: stamp.sound.map { "\(root)/\($0)" }, label: labels[stamp.id])
    }
    let entries = items.map { item in
      SplitMaker.Entry(
        id: item.id, label: item.label ?? "",
        keys: ["en", "ko"].compactMap { code in item.texts[code].map { "\(code)=\($0.lowercased())" } })
    }
    let split = try NamedSplit.cut(entries, seed: options.seed, dataset: name)
    let sides = split.sides
    let dataset = Dataset(
      name: name, language: language, items: Dictionary(grouping: items) { sides[$0.id] ?? .train },
      skipped: skipped, relevance: .sameLabel, sizes: DatasetDigest.sizes(of: items), split: split)
    // The card describes the default seed and the two languages that every item has.
    if options.seed == 2022, ["en", "ko"].contains(language) { try checkCard(dataset, options) }
    return dataset
  }

  /// The class of each id.
  static func labels(of ids: [String]) -> [String: String] {
    func subfolder(_ id: String) -> String? {
      let parts = id.split(separator: "/")
      return parts.count > 2 ? "\(parts[0])/\(parts[1])" : nil
    }
    let counts = Dictionary(ids.compactMap(subfolder).map { ($0, 1) }, uniquingKeysWith: +)
    var labels: [String: String] = [:]
    for id in ids {
      let top = String(id.prefix { $0 != "/" })
      labels[id] = subfolder(id).flatMap { counts[$0, default: 0] >= classSize ? $0 : nil } ?? top
    }
    return labels
  }
}
