import ArgumentParser
import Basics
import Foundation
import Harness
import Search

struct SearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Finds pictures, clips and sounds by text, picture, clip, sound, or a known item.",
    discussion: """
      Several queries are mixed by weighted sum: `ieum search "at night" --image still.jpg --weight 0.5 1`. Without \
      --index the stamps are searched (an index of them is made at the first use). Sounds need an index whose model has \
      an audio tower.
      """)

  @Argument(help: "What to look for, in words.") var text: String?
  @Option(name: .customLong("image"), help: "A picture. May be repeated.") var images: [String] = []
  @Option(name: .customLong("video"), help: "A clip. May be repeated.") var videos: [String] = []
  @Option(name: .customLong("sound"), help: "A sound, or a film's. May be repeated.") var sounds: [String] = []
  @Option(name: .customLong("like"), help: "The id of a known item. May be repeated.") var ids: [String] = []
  @Option(
    name: .customLong("weight"), parsing: .upToNextOption,
    help: "Weights of the queries: text, pictures, clips, sounds, items, in this order (default: 1 each).")
  var weights: [Double] = []
  @Option(help: "A file with one text query a line.") var queries: String?
  @Option(help: "The folder of a search index.") var index: String?
  @Option(name: .customShort("k"), help: "Results.") var k = 10
  @Option(help: "Only items of this dataset.") var dataset: String?
  @Option(help: "Only clips of this film.") var film: String?
  @Option(help: "Only items with a caption in this language.") var language: String?
  @Option(help: "Only clips of at least so many seconds.") var shortest: Double?
  @Option(help: "Only clips of at most so many seconds.") var longest: Double?
  @OptionGroup var given: IndexParameters
  @Flag(help: "Print JSON.") var json = false
  @Option(help: "Write a page with thumbnails.") var html: String?
  @OptionGroup var engine: EngineOptions

  func run() throws {
    let asked = try queries.map { try lines($0) } ?? [query()]
    try engine.apply()
    let database = try index.map { try SearchDatabase.open($0) } ?? DefaultSearch.open { warn($0) }
    let searcher = try SearchEngine(database)
    var filter = SearchFilter()
    (filter.dataset, filter.film, filter.language) = (dataset, film, language)
    (filter.shortest, filter.longest) = (shortest, longest)
    let parameters = try given.single()
    let answers = try asked.map { try searcher.answer($0, k: k, filter: filter, search: parameters) }
    if let html {
      try SearchSheet(
        title: "Search", note: "Model: \(try database.model().card.summary).", answers: answers, folder: database.folder
      ).write(to: html)
    }
    if json { return queries == nil ? try printJSON(encoding: answers[0]) : try printJSON(encoding: answers) }
    for answer in answers { show(answer) }
  }

  private func lines(_ path: String) throws -> [SearchQuery] {
    guard text == nil, images.isEmpty, videos.isEmpty, sounds.isEmpty, ids.isEmpty else {
      throw IeumError(.usage, "--queries stands alone", place: "--queries", remedy: "leave the other queries out")
    }
    guard let content = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw IeumError(.data, "cannot be read as UTF-8 text", file: path, remedy: "check the path")
    }
    let texts = content.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
    return try texts.filter { !$0.isEmpty }.map { try SearchQuery([(.text($0), 1)]) }
  }

  private func query() throws -> SearchQuery {
    var parts: [SearchQuery.Part] = text.map { [.text($0)] } ?? []
    for path in images {
      try check(path)
      parts.append(.media(.pictures([path]), name: path))
    }
    for path in videos {
      try check(path)
      parts.append(.media(.film(path, start: nil, end: nil), name: path))
    }
    for path in sounds {
      try check(path)
      parts.append(.media(.sound(path, start: nil, end: nil), name: path))
    }
    parts += ids.map { .like($0) }
    guard weights.isEmpty || weights.count == parts.count else {
      throw IeumError(
        .usage, "\(weights.count) weight(s) for \(parts.count) quer(ies)", place: "--weight",
        remedy: "give one for each: text, pictures, clips, sounds, items")
    }
    return try SearchQuery(parts.enumerated().map { ($1, weights.isEmpty ? 1 : weights[$0]) })
  }

  private func check(_ path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else {
      throw IeumError(.data, "no such file", file: path, remedy: "check the path")
    }
  }

  private func show(_ answer: SearchAnswer) {
    var table = PlainTable(["", "score", "caption", "id", "where"], left: [2, 3, 4])
    for hit in answer.hits {
      let span = hit.item.start.map { start in
        String(format: " %.1f–%@ s", start, hit.item.end.map { String(format: "%.1f", $0) } ?? "end")
      } ?? (hit.item.isSound ? hit.item.seconds.map { String(format: " ♪ %.1f s", $0) } : nil)
      table.add([
        "\(hit.rank)", String(format: "%.4f", hit.score), hit.item.caption, hit.item.id,
        (hit.item.path ?? "") + (span ?? "") + (hit.missing == true ? " (missing)" : ""),
      ])
    }
    if queries != nil { print("\n\(answer.query)") }
    if answer.hits.isEmpty { print("nothing found") } else { print(table.text) }
    warn(
      String(
        format: "%d items; query encoded in %.1f ms, searched in %.1f ms", answer.items, answer.encodeMilliseconds,
        answer.searchMilliseconds))
  }
}
