import Basics
import Foundation
import Ranking

/// The vectors and index of one state of a database, mapped.
final class SearchVectors: Sendable {
  private let vectors: VectorMatrix?
  private let path: String
  private let index: (any VectorIndex)?
  private let spec: IndexSpec
  private let parameters: [String: Scalar]
  private let indexed: Int
  /// Rows behind the index's, compared one by one.
  private let tail: (any VectorIndex)?
  private let exact: IndexSpec

  static func vectorsPath(_ folder: String, _ generation: Int) -> String { "\(folder)/vectors-\(generation).f32" }

  static func indexPath(_ folder: String, _ generation: Int, _ spec: IndexSpec) -> String {
    "\(folder)/index-\(generation).\(spec.fileExtension)"
  }

  init(_ state: SearchCatalog.State, _ folder: String) throws {
    let spec = try IndexRegistry.named(state.index)
    let exact = try IndexRegistry.named("exact")
    let parameters = state.parameters.mapValues { Scalar(parsing: $0) }
    (self.spec, self.exact, self.parameters) = (spec, exact, parameters)
    indexed = state.indexed
    path = Self.vectorsPath(folder, state.generation)
    guard state.rows > 0 else {
      (vectors, index, tail) = (nil, nil, nil)
      return
    }
    let vectors = try VectorMatrix(
      mapping: path, count: state.rows, dimension: state.dimension, growing: true)
    self.vectors = vectors
    let build = parameters.filter { name, _ in spec.buildParameters.contains { $0.name == name } }
    index =
      state.indexed > 0
      ? try spec.load(
        Self.indexPath(folder, state.generation, spec),
        shape: IndexShape(metric: .angular, dimension: state.dimension, count: state.indexed), parameters: build)
      : nil
    if state.rows > state.indexed {
      let rows = (state.indexed..<state.rows).flatMap { vectors.vector($0) }
      tail = try exact.build(try VectorMatrix(rows, dimension: state.dimension), metric: .angular)
    } else {
      tail = nil
    }
  }

  /// A row as a writer stored it: of length 1, or 0.
  /// - Throws: ``IeumError`` (data) for anything else: the file is damaged.
  func vector(_ row: Int) throws -> [Float] {
    guard let vectors, (0..<vectors.count).contains(row) else { return [] }
    let vector = vectors.vector(row)
    let norm = vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    guard norm.isFinite, norm == 0 || abs(norm - 1) < 1e-3 else {
      throw IeumError(
        .data, "is damaged: no unit vector", file: path, place: "row \(row)",
        remedy: "look with `ieum index check`, then make the index again")
    }
    return vector
  }

  func nearest(_ query: [Float], k: Int, filter: RowFilter?, search: [String: Scalar]) throws -> [Neighbor] {
    let defaults = parameters.filter { name, _ in spec.searchParameters.contains { $0.name == name } }
    var found: [Neighbor] = []
    if let index {
      var given = defaults.merging(search) { $1 }
      // The forest's own default looks at very little when few are asked for.
      if spec.name == "forest", given["search_k"] == nil { given["search_k"] = .int(max(5000, 50 * k)) }
      found = try index.search(query, k: k, parameters: try spec.search(given), filter: filter?.prefix(indexed))
    }
    if let tail {
      found += try tail.search(query, k: k, parameters: try exact.search(), filter: filter?.dropFirst(indexed))
        .map { Neighbor(row: $0.row + indexed, distance: $0.distance) }
    }
    return Array(found.sorted { ($0.distance, $0.row) < ($1.distance, $1.row) }.prefix(k))
  }
}
