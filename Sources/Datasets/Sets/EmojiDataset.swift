import Basics
import Foundation

/// Emoji: the pictures of a colour font, with the names and keywords that Unicode gives them in many languages.
///
/// * Item: a character of one code point that has a picture and an English and a Korean name, and one in the language
///   asked for; its id is the code point (`1f436`). The picture is the font's own PNG file, copied into the cache.
/// * Captions: the name; the keywords in one line.
/// * No classes: an item belongs with itself alone.
/// * Split: ``SplitMaker`` with seed 2022; items with an equal English or Korean name stay on one side.
/// * Order: by id.
struct EmojiDataset: DatasetSpec {
  let name = "emoji"
  let summary = "about 1,300 emoji with names and keywords in English, Korean and more languages"
  let defaultRoot = "/usr/share"
  let defaultLanguage = "en"
  let expectedLayout = [
    "fonts/truetype/noto/NotoColorEmoji.ttf: the pictures (Debian package fonts-noto-color-emoji)",
    "unicode/cldr/common/annotations/LANG.xml: names and keywords (Debian package unicode-cldr-core)",
  ]

  func prepare(_ options: DatasetOptions) throws -> [String] { ["\(try load(options).allItems.count) emoji"] }

  func load(_ options: DatasetOptions) throws -> Dataset {
    let root = root(options)
    let language = options.language ?? defaultLanguage
    let font = "\(root)/fonts/truetype/noto/NotoColorEmoji.ttf"
    let pictures = try EmojiFont(path: font).pictures
    var names: [String: [String: [String]]] = [:]
    for code in Set(["en", "ko", language]) {
      names[code] = try EmojiNames(path: "\(root)/unicode/cldr/common/annotations/\(code).xml").captions
    }
    let folder = "\(options.cache)/emoji/\(try Digest.ofFile(font).prefix(16))"
    var (items, skipped): ([DatasetItem], [SkippedItem]) = ([], [])
    for (character, _) in (names[language] ?? [:]).sorted(by: { $0.key < $1.key }) {
      let id = character.unicodeScalars.map { String($0.value, radix: 16) }.joined(separator: "-")
      switch Self.item(id, character, names, pictures) {
      case .failure(let reason): skipped.append(SkippedItem(id: id, reason: reason.text))
      case .success(let (captions, picture)):
        let path = "\(folder)/\(id).png"
        if !FileManager.default.fileExists(atPath: path) { try AtomicFile.write(picture, to: path) }
        items.append(DatasetItem(id: id, captions: captions, imagePaths: [path]))
      }
    }
    guard !items.isEmpty else {
      throw IeumError(
        .data, "holds no emoji with a picture and names", file: root, place: "dataset 'emoji'",
        remedy: "install the Debian packages fonts-noto-color-emoji and unicode-cldr-core (scripts/setup.sh does)")
    }
    return try dataset(items, skipped, font: font, language: language, options)
  }

  private func dataset(
    _ items: [DatasetItem], _ skipped: [SkippedItem], font: String, language: String, _ options: DatasetOptions
  ) throws -> Dataset {
    let entries = items.map { item in
      SplitMaker.Entry(
        id: item.id, label: "",
        keys: ["en", "ko"].compactMap { code in item.texts[code].map { "\(code)=\($0.lowercased())" } })
    }
    let split = try NamedSplit.cut(entries, seed: options.seed, dataset: name)
    let sides = split.sides
    let made = Dictionary(
      uniqueKeysWithValues: items.flatMap(\.imagePaths).map { ($0, MadeFile(recipe: 1, sources: [font])) })
    let dataset = Dataset(
      name: name, language: language, items: Dictionary(grouping: items) { sides[$0.id] ?? .train }, skipped: skipped,
      relevance: .relatedIDs, sizes: DatasetDigest.sizes(of: items), made: made, split: split)
    if options.seed == 2022, ["en", "ko"].contains(language) { try checkCard(dataset, options) }
    return dataset
  }

  private struct Reason: Error {
    let text: String
  }

  /// An item's captions in every language that is read, and its picture.
  private static func item(
    _ id: String, _ character: String, _ names: [String: [String: [String]]], _ pictures: [UInt32: Data]
  ) -> Result<([String: [String]], Data), Reason> {
    let scalars = character.unicodeScalars
    guard let first = scalars.first, scalars.count == 1 else {
      return .failure(Reason(text: "a sequence of code points"))
    }
    guard let picture = pictures[first.value] else { return .failure(Reason(text: "the font has no picture of it")) }
    let captions = names.compactMapValues { $0[character] }
    if let language = names.keys.sorted().first(where: { captions[$0] == nil }) {
      return .failure(Reason(text: "no name in '\(language)'"))
    }
    return .success((captions, picture))
  }
}
