import Basics
import Foundation

/// The drawings of the Open Clip Art Library, with what their authors wrote into them.
///
/// * Item: an SVG file; its id is the path below the root without the suffix.
/// * Captions (English, though some authors wrote others): the title, or the file's name where the title stands for a whole
///   collection; the description; the keywords in one line. A caption that more than 20 drawings share says nothing about
///   one of them and is left out; a drawing without a caption of its own is skipped.
/// * Label: the top folder.
/// * Split: ``SplitMaker`` with seed 2022, stratified by label; drawings with an equal title stay on one side.
/// * Order: by id.
struct OpenclipartDataset: DatasetSpec {
  let name = "openclipart"
  let summary = "about 6,500 drawings with titles, descriptions and keywords"
  let defaultRoot = "/usr/share/openclipart/svg"
  let defaultLanguage = "en"
  let expectedLayout = [
    "FOLDER/…/NAME.svg: the drawing, with title, description and keywords in its metadata",
    "(Debian package openclipart-svg)",
  ]

  /// More drawings than this under one caption are a collection.
  static let mostSharing = 20
  private static let longestCaption = 200

  func load(_ options: DatasetOptions) throws -> Dataset {
    let root = root(options)
    guard options.language ?? defaultLanguage == defaultLanguage else {
      throw IeumError(
        .usage, "has no texts in '\(options.language ?? "")'", place: "dataset 'openclipart'", remedy: "use 'en'")
    }
    let files = (try? FileManager.default.subpathsOfDirectory(atPath: root))?.filter { $0.hasSuffix(".svg") } ?? []
    guard !files.isEmpty else {
      throw IeumError(
        .data, "holds no drawings", file: root, place: "dataset 'openclipart'",
        remedy: "install the Debian package openclipart-svg (scripts/setup.sh does), or name the folder that holds the drawings")
    }
    let (items, skipped) = try items(files.sorted(), root)
    let entries = items.map { item in
      SplitMaker.Entry(id: item.id, label: item.label ?? "", keys: (item.texts["en"]).map { [$0] } ?? [])
    }
    let split = try NamedSplit.cut(entries, seed: options.seed, dataset: name)
    let sides = split.sides
    let dataset = Dataset(
      name: name, language: defaultLanguage, items: Dictionary(grouping: items) { sides[$0.id] ?? .train },
      skipped: skipped, relevance: .sameLabel, sizes: DatasetDigest.sizes(of: items), split: split)
    if options.seed == 2022 { try checkCard(dataset, options) }
    return dataset
  }

  private func items(_ files: [String], _ root: String) throws -> ([DatasetItem], [SkippedItem]) {
    let described = try files.map { file in
      guard let data = FileManager.default.contents(atPath: root + "/" + file) else {
        throw IeumError(.data, "cannot be read", file: root + "/" + file, remedy: "check its permissions")
      }
      return ClipartText(metadata: data, name: (file as NSString).lastPathComponent)
    }
    let shared = Dictionary(described.flatMap { $0.captions.map { ($0, 1) } }, uniquingKeysWith: +)
    var (items, skipped): ([DatasetItem], [SkippedItem]) = ([], [])
    for (file, text) in zip(files, described) {
      let id = String(file.dropLast(4))
      let own = text.captions.filter {
        shared[$0, default: 0] <= Self.mostSharing && $0.count <= Self.longestCaption
      }
      // The name repeats the title and adds the author's: it counts where there is no title.
      let captions = own.first == text.title ? own.filter { $0 != text.name || $0 == text.title } : own
      guard !captions.isEmpty else {
        skipped.append(SkippedItem(id: id, reason: "has no caption of its own"))
        continue
      }
      items.append(
        DatasetItem(
          id: id, captions: ["en": captions], imagePaths: ["\(root)/\(file)"],
          label: id.split(separator: "/").first.map(String.init)))
    }
    return (items, skipped)
  }
}

/// What a drawing says about itself.
struct ClipartText {
  let title: String
  let name: String
  /// Title, name, description, keywords: those that there are, each once, in lower case.
  let captions: [String]

  init(metadata: Data, name file: String) {
    let text = ClipartText.section("metadata", of: metadata)
    title = ClipartText.words(ClipartText.element("dc:title", of: text).first ?? "")
    name = ClipartText.words(String(file.dropLast(4)))
    let description = ClipartText.element("dc:description", of: text).first ?? ""
    let keywords = ClipartText.element("rdf:li", of: text)
      .map { $0.lowercased().replacing("_", with: " ") }.filter { !$0.isEmpty && !$0.hasPrefix("hash") }
    var seen: Set<String> = [""]
    captions = [title, name, ClipartText.isHash(description) ? "" : description.lowercased(), keywords.joined(separator: ", ")]
      .filter { seen.insert($0).inserted }
  }

  /// The metadata as text; drawings are XML in UTF-8, and a damaged byte costs a letter, not the drawing.
  private static func section(_ tag: String, of data: Data) -> String {
    guard let start = data.range(of: Data("<\(tag)".utf8)),
      let end = data.range(of: Data("</\(tag)>".utf8), in: start.upperBound..<data.endIndex)
    else { return "" }
    return String(decoding: data[start.lowerBound..<end.lowerBound], as: UTF8.self)
  }

  /// The contents of every element of a name, unescaped, spaces collapsed.
  private static func element(_ tag: String, of text: String) -> [String] {
    text.split(separator: "<\(tag)>").dropFirst().compactMap { part in
      guard let end = part.range(of: "</\(tag)>") else { return nil }
      let plain = HTMLEntities.unescape(HTMLEntities.unescape(String(part[..<end.lowerBound])))
      return plain.split(whereSeparator: \.isWhitespace).joined(separator: " ").precomposedStringWithCanonicalMapping
    }
  }

  /// Some tool wrote addresses of its own memory instead of words.
  private static func isHash(_ text: String) -> Bool { text.lowercased().hasPrefix("hash(") }

  /// Lower-case words without numbers, remarks in brackets and the collection's author.
  private static func words(_ text: String) -> String {
    guard !isHash(text) else { return "" }
    var text = text.lowercased()
    if text.hasPrefix("clipart by "), let dash = text.range(of: " - ") { text = String(text[dash.upperBound...]) }
    if let bracket = text.firstIndex(of: "(") { text = String(text[..<bracket]) }
    let separators: Set<Character> = ["_", "-", ".", " "]
    return text.split { separators.contains($0) }.filter { !$0.contains(where: \.isNumber) }.joined(separator: " ")
  }
}
