import Basics
import Foundation

/// What stands in `examples/examples.json` of a results folder: queries with the best items that were found.
public struct Examples: Codable, Sendable, Equatable {
  public struct Hit: Codable, Sendable, Equatable {
    public var id: String
    public var caption: String
    public var score: Double
    public var isRelevant: Bool
    /// A file beside `examples.json`; nil where the item could not be shown.
    public var thumbnail: String?

    public init(id: String, caption: String, score: Double, isRelevant: Bool, thumbnail: String?) {
      (self.id, self.caption, self.score, self.isRelevant) = (id, caption, score, isRelevant)
      self.thumbnail = thumbnail
    }
  }

  public struct Query: Codable, Sendable, Equatable {
    public var id: String
    public var text: String
    /// One of the worst of the split; otherwise chosen.
    public var isWorst: Bool
    /// Of the best relevant item.
    public var rank: Double
    public var hits: [Hit]

    public init(id: String, text: String, isWorst: Bool, rank: Double, hits: [Hit]) {
      (self.id, self.text, self.isWorst, self.rank, self.hits) = (id, text, isWorst, rank, hits)
    }
  }

  /// The cell's row and seed, in words.
  public var title: String
  public var gallery: Int
  public var queries: [Query]

  public init(title: String, gallery: Int, queries: [Query]) {
    (self.title, self.gallery, self.queries) = (title, gallery, queries)
  }

  static func path(_ folder: String) -> String { folder + "/examples/examples.json" }

  /// - Returns: nil when the experiment has none.
  /// - Throws: ``IeumError`` (data) for a damaged file.
  public static func read(_ folder: String) throws -> Examples? {
    guard let data = FileManager.default.contents(atPath: path(folder)) else { return nil }
    do {
      return try JSONDecoder().decode(Examples.self, from: data)
    } catch {
      throw IeumError(.data, "is no list of examples", file: path(folder), remedy: "delete it and run the experiment again")
    }
  }
}

/// Which examples the page shows.
public struct ExamplesSpec: Codable, Sendable, Equatable {
  public var grid: String
  public var row: String
  /// Ids or texts of chosen queries; empty = evenly spread over the split.
  public var queries: [String]
  /// How many are spread where none are named, and how many of the worst are added.
  public var chosen: Int
  public var worst: Int

  public init(grid: String, row: String, queries: [String] = [], chosen: Int = 5, worst: Int = 5) {
    (self.grid, self.row, self.queries, self.chosen, self.worst) = (grid, row, queries, chosen, worst)
  }
}

/// The examples on the page: a line of thumbnails per query, as in the documents' result figures.
enum PageExamples {
  static func render(_ examples: Examples, folder: String) -> String {
    func block(_ title: String, _ queries: [Examples.Query]) -> String {
      queries.isEmpty ? "" : "<h3>\(title)</h3>" + queries.map { query($0, folder) }.joined(separator: "\n")
    }
    return "<p class=\"lead\">\(HTML.text(examples.title)): the five best of \(examples.gallery) items for each text, "
      + "with what they are described by. A frame marks the item that the text belongs to.</p>"
      + block("Chosen queries", examples.queries.filter { !$0.isWorst })
      + block("The worst queries", examples.queries.filter(\.isWorst))
  }

  private static func query(_ query: Examples.Query, _ folder: String) -> String {
    let rank = query.rank == query.rank.rounded() ? String(Int(query.rank)) : String(format: "%.1f", query.rank)
    let hits = query.hits.map { hit in
      let picture =
        hit.thumbnail.flatMap { FileManager.default.contents(atPath: "\(folder)/examples/\($0)") }
        .map { "<img alt=\"\(HTML.escape(hit.caption))\" src=\"data:image/jpeg;base64,\($0.base64EncodedString())\">" }
        ?? "<span class=\"nothing\">no picture</span>"
      let kind = hit.isRelevant ? " class=\"relevant\"" : ""
      return "<li\(kind)>\(picture)<span>\(HTML.text(hit.caption))</span>"
        + "<small>\(String(format: "%.3f", hit.score))</small></li>"
    }
    return "<div class=\"example\"><p><b>\(HTML.text(query.text))</b> <small>its own item is at rank \(rank)</small></p>"
      + "<ol>\(hits.joined())</ol></div>"
  }

  static let css = """
    .example { margin: .8rem 0 1.4rem; } .example small { color: var(--soft); }
    .example ol { list-style: none; display: grid; grid-template-columns: repeat(5, 1fr); gap: .7rem; padding: 0; margin: .3rem 0; }
    .example li { font-size: .8rem; line-height: 1.35; border: 2px solid transparent; border-radius: 8px; padding: .25rem; }
    .example li.relevant { border-color: #2e8b57; } .example li span, .example li small { display: block; }
    .example img { display: block; width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: 5px; background: #fff; }
    .example .nothing { aspect-ratio: 1; color: var(--soft); background: var(--band); border-radius: 5px; padding: .4rem; }
    table.values tr.published-row, table.values tr.chance-row { color: var(--soft); }
    """
}
