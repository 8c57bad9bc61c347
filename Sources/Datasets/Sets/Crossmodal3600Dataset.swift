import Basics
import Foundation

/// Crossmodal-3600 (Thapliyal et al. 2022): 3,600 pictures with sentences in 36 languages; a control for Korean.
///
/// * Split `xm3600`: test alone. Item: `image/key`. A picture is asked for by its first sentence, as CLIP_benchmark does;
///   `captions=all` takes every one.
/// * Order: that of the file.
struct Crossmodal3600Dataset: DatasetSpec {
  let name = "crossmodal3600"
  let summary = "Crossmodal-3600: 3,600 pictures with sentences in 36 languages, Korean too; test alone"
  let defaultRoot = "data/crossmodal3600"
  let defaultLanguage = "ko"
  let splits = ["xm3600"]
  let expectedLayout = ["captions.jsonl, as published: a picture a line", "images/KEY.jpg"]

  /// One line: the picture's key, and an object with `caption` under every language code.
  private struct Line: Decodable {
    let key: String
    let captions: [String: [String]]

    private struct Name: CodingKey {
      let stringValue: String
      var intValue: Int? { nil }
      init(_ name: String) { stringValue = name }
      init?(stringValue: String) { self.init(stringValue) }
      init?(intValue: Int) { nil }
    }
    private struct Sentences: Decodable { let caption: [String] }

    init(from decoder: Decoder) throws {
      let fields = try decoder.container(keyedBy: Name.self)
      key = try fields.decode(String.self, forKey: Name("image/key"))
      var captions: [String: [String]] = [:]
      for name in fields.allKeys where !name.stringValue.contains("/") {
        captions[name.stringValue] = try fields.decode(Sentences.self, forKey: name).caption
      }
      self.captions = captions
    }
  }

  func load(_ options: DatasetOptions) throws -> Dataset {
    let root = root(options)
    let path = "\(root)/captions.jsonl"
    let id = try splitName(options)
    let language = options.language ?? defaultLanguage
    let lines = try read(path)
    let languages = Set(lines.flatMap(\.captions.keys))
    guard languages.contains(language) else {
      throw Suggestion.unknown("language", language, known: languages.sorted(), place: "dataset '\(name)'")
    }
    let ids = lines.map(\.key)
    if !options.acceptOtherData { try PublishedList(count: 3600).check(ids, what: "test of '\(id)'", source: path) }
    let split = try NamedSplit(id, [.test: NamedSplit.Part(ids: ids, source: path)], dataset: name)
    let texts = Dictionary(lines.map { ($0.key, $0.captions[language] ?? []) }, uniquingKeysWith: { first, _ in first })
    let policy = try CaptionPolicy.unlisted(options, dataset: name, usual: .first)
    var builder = CaptionedItems(split: split, policy: policy, language: language)
    let items = builder.items { id, _, captions in
      DatasetItem(id: id, captions: captions, imagePaths: ["\(root)/images/\(id).jpg"])
    } captions: { (texts[$0] ?? []).map(KeyedTable.normal).filter { !$0.isEmpty } }
    return Dataset(
      name: name, language: language, items: items, skipped: builder.skipped, notes: ["\(languages.count) languages"],
      relevance: .relatedIDs, sizes: DatasetDigest.sizes(of: items.values.joined()), split: split, captionPolicy: policy)
  }

  private func read(_ path: String) throws -> [Line] {
    var (lines, seen): ([Line], [String: Int]) = ([], [:])
    for (number, text) in try TextLines.read(path) where !KeyedTable.normal(text).isEmpty {
      func fault(_ problem: String) -> IeumError {
        IeumError(.data, problem, file: path, place: "line \(number)", remedy: "put the published captions.jsonl there, whole")
      }
      let line: Line
      do {
        line = try JSONDecoder().decode(Line.self, from: Data(text.utf8))
      } catch DecodingError.keyNotFound(let key, _) {
        throw fault("the field '\(key.stringValue)' is missing")
      } catch {
        throw fault("is not a picture's JSON object")
      }
      guard !line.key.isEmpty else { throw fault("the picture's key is empty") }
      if let earlier = seen.updateValue(number, forKey: line.key) {
        throw fault("the picture '\(line.key)' stands on line \(earlier) already")
      }
      lines.append(line)
    }
    guard !lines.isEmpty else {
      throw IeumError(.data, "holds no pictures", file: path, remedy: "put the published captions.jsonl there, whole")
    }
    return lines
  }
}
