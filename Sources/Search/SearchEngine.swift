import Basics
import Datasets
import Foundation
import Harness

/// What is looked for: texts, pictures, clips, known items, each with a weight.
public struct SearchQuery: Sendable {
  public enum Part: Sendable {
    case text(String)
    /// With a name for the answer.
    case media(QueryMedia, name: String)
    /// An item of the database.
    case like(String)

    var label: String {
      switch self {
      case .text(let text): text
      case .media(_, let name): name
      case .like(let id): "like \(id)"
      }
    }
  }

  public let parts: [(part: Part, weight: Double)]

  /// - Throws: ``IeumError`` (usage) when there is nothing to look for, or a weight is not a number.
  public init(_ parts: [(part: Part, weight: Double)]) throws {
    guard !parts.isEmpty else {
      throw IeumError(.usage, "there is nothing to look for", remedy: "give a text, a picture, a clip or an item")
    }
    guard parts.allSatisfy({ $0.weight.isFinite }), parts.contains(where: { $0.weight != 0 }) else {
      throw IeumError(.usage, "the weights must be finite and not all 0", place: "weights")
    }
    self.parts = parts
  }

  /// `a dog + 0.5 × still.jpg`
  public var label: String {
    parts.map { $0.weight == 1 ? $0.part.label : "\($0.weight) × \($0.part.label)" }.joined(separator: " + ")
  }
}

/// The answer to a query.
public struct SearchAnswer: Sendable, Codable {
  public let query: String
  public let hits: [SearchHit]
  /// Items that were searched.
  public let items: Int
  /// Unpacking what was uploaded; nil where nothing was.
  public var decodeMilliseconds: Double?
  public let encodeMilliseconds: Double
  public let searchMilliseconds: Double
}

/// Answers queries against one database.
public final class SearchEngine: Sendable {
  public let database: SearchDatabase
  public let encoder: any QueryEncoder

  /// - Throws: ``IeumError`` (data) when the folder's model is not the one its vectors were made with.
  public convenience init(_ database: SearchDatabase) throws {
    let model = try database.model()
    let encoder = try model.encoder()
    guard encoder.dimension == database.dimension else {
      throw IeumError(
        .data, "gives vectors of \(encoder.dimension), the index holds \(database.dimension)",
        file: "\(database.folder)/model.json", remedy: "make the index again")
    }
    self.init(database, encoder: encoder)
  }

  public init(_ database: SearchDatabase, encoder: any QueryEncoder) {
    self.database = database
    self.encoder = encoder
  }

  /// The unit vector of a query: the weighted sum of its parts' unit vectors.
  /// - Throws: ``IeumError`` (data) when the parts cancel out.
  public func vector(of query: SearchQuery) throws -> [Float] {
    var sum = [Double](repeating: 0, count: encoder.dimension)
    for (part, weight) in query.parts {
      let vector: [Float]
      switch part {
      case .text(let text): vector = try encoder.text(text)
      case .media(let media, _): vector = try encoder.media(media)
      case .like(let id): vector = try database.vector(of: id)
      }
      for index in sum.indices { sum[index] += weight * Double(vector[index]) }
    }
    guard sum.allSatisfy({ abs($0) < 1e150 }) else {
      throw IeumError(.usage, "the weights are too large", place: "weights", remedy: "give numbers around 1")
    }
    let norm = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard norm > 1e-9 else {
      throw IeumError(.data, "the parts of the query cancel out", remedy: "change the weights")
    }
    return sum.map { Float($0 / norm) }
  }

  /// - Parameters:
  ///   - k: 1…1000 results.
  ///   - search: search parameters of the index.
  public func answer(
    _ query: SearchQuery, k: Int = 10, filter: SearchFilter = SearchFilter(), search: [String: Scalar] = [:]
  ) throws -> SearchAnswer {
    guard (1...1000).contains(k) else {
      throw IeumError(.usage, "\(k) results cannot be given", place: "k", remedy: "ask for 1…1000")
    }
    let start = ContinuousClock.now
    let vector = try vector(of: query)
    let middle = ContinuousClock.now
    // Whoever asks for more like an item knows that item.
    let known = query.parts.compactMap { entry -> String? in
      if case .like(let id) = entry.part { id } else { nil }
    }
    let hits = try database.nearest(vector, k: k, filter: filter, excluding: Set(known), search: search)
    return SearchAnswer(
      query: query.label, hits: hits, items: try database.summary().items,
      encodeMilliseconds: (middle - start) / .milliseconds(1),
      searchMilliseconds: (ContinuousClock.now - middle) / .milliseconds(1))
  }
}
