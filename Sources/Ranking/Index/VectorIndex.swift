import Basics

/// A row that was found, with its distance as ``IndexMetric`` reports it.
public struct Neighbor: Sendable, Hashable {
  public let row: Int
  public let distance: Float

  public init(row: Int, distance: Float) {
    self.row = row
    self.distance = distance
  }
}

/// A built index: finds the rows nearest to a vector. Searches may run side by side.
public protocol VectorIndex: AnyObject, Sendable {
  var count: Int { get }
  var dimension: Int { get }
  var metric: IndexMetric { get }
  /// Size of the index's file in bytes.
  var bytes: Int { get }

  /// Up to `k` rows, nearest first, equal distances by row; fewer when the search parameters let it see
  /// fewer.
  /// - Parameters:
  ///   - query: `[dimension]`, finite.
  ///   - parameters: checked against the index's search parameters.
  ///   - filter: rows that may be returned; the search goes on until it has `k` of them or has looked at as
  ///     much as its parameters say.
  /// - Throws: ``IeumError`` (data) for a query of another length, or an index file that is damaged.
  func search(_ query: [Float], k: Int, parameters: Parameters, filter: RowFilter?) throws -> [Neighbor]

  /// Writes the index's file; whole or not at all.
  func write(to path: String) throws
}

extension VectorIndex {
  /// - Throws: ``IeumError`` (data) when a query does not fit the index.
  func check(_ query: [Float], k: Int) throws {
    guard query.count == dimension else {
      throw IeumError(
        .data, "the query has \(query.count) components, the index's vectors have \(dimension)",
        remedy: "encode it with the encoder that the index was built with")
    }
    guard query.allSatisfy(\.isFinite) else {
      throw IeumError(.data, "the query holds a value that is not finite")
    }
    guard k > 0 else {
      throw IeumError(.usage, "\(k) neighbours cannot be found", remedy: "ask for at least 1")
    }
  }
}

/// The card of a kind of index. Build and search parameters are separate axes: one built index is searched
/// in many ways.
public struct IndexSpec: Sendable {
  public let name: String
  public let summary: String
  public let source: String
  public let metrics: [IndexMetric]
  public let buildParameters: [ParameterSpec]
  public let searchParameters: [ParameterSpec]
  /// Ending of the index's file name.
  public let fileExtension: String
  /// Values that `ieum index bench` tries where the user names none.
  public let sweep: [String: [Scalar]]
  let make: @Sendable (VectorMatrix, IndexMetric, Parameters) throws -> any VectorIndex
  let open: @Sendable (String, IndexShape, Parameters) throws -> any VectorIndex

  /// Builds an index over all rows.
  /// - Throws: ``IeumError``: usage for parameters or a metric that the index does not know; data for
  ///   vectors it refuses.
  public func build(
    _ vectors: VectorMatrix, metric: IndexMetric, parameters: [String: Scalar] = [:]
  ) throws -> any VectorIndex {
    try checkMetric(metric)
    guard vectors.count > 0 else { throw IeumError(.data, "there are no vectors to index") }
    return try make(
      vectors, metric, try Parameters(parameters, specs: buildParameters, owner: "index '\(name)'"))
  }

  /// Opens an index file.
  /// - Throws: ``IeumError`` (data) when it is damaged or does not have this shape.
  public func load(_ path: String, shape: IndexShape, parameters: [String: Scalar] = [:]) throws
    -> any VectorIndex
  {
    try checkMetric(shape.metric)
    return try open(path, shape, try Parameters(parameters, specs: buildParameters, owner: "index '\(name)'"))
  }

  /// Search parameters, checked, defaults filled in.
  public func search(_ given: [String: Scalar] = [:]) throws -> Parameters {
    try Parameters(given, specs: searchParameters, owner: "index '\(name)'")
  }

  private func checkMetric(_ metric: IndexMetric) throws {
    guard metrics.contains(metric) else {
      throw IeumError(
        .usage, "the index '\(name)' does not know the metric '\(metric.rawValue)'",
        remedy: "known: \(metrics.map(\.rawValue).joined(separator: ", "))")
    }
  }
}

/// What an index file must hold; `count` nil where the file itself tells.
public struct IndexShape: Sendable, Hashable {
  public let metric: IndexMetric
  public let dimension: Int
  public let count: Int?

  public init(metric: IndexMetric, dimension: Int, count: Int? = nil) {
    self.metric = metric
    self.dimension = dimension
    self.count = count
  }
}

/// All indexes. Adding one: its file, and its line here.
public enum IndexRegistry {
  public static let all: [IndexSpec] = [
    ExactIndex.spec,
    ForestIndex.spec,
    FaissIndex.hnsw,
    FaissIndex.pq,
    FaissIndex.ivfPQ,
  ]

  /// - Throws: ``IeumError`` (usage) with the nearest known name.
  public static func named(_ name: String) throws -> IndexSpec {
    guard let spec = all.first(where: { $0.name == name }) else {
      throw Suggestion.unknown("index", name, known: all.map(\.name))
    }
    return spec
  }
}
