import Basics
import Foundation
import Ranking

/// The vectors and index of one state of a database, mapped.
final class SearchVectors: Sendable {
  let vectors: VectorMatrix?
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
    guard state.rows > 0 else {
      (vectors, index, tail) = (nil, nil, nil)
      return
    }
    let vectors = try VectorMatrix(
      mapping: Self.vectorsPath(folder, state.generation), count: state.rows, dimension: state.dimension, growing: true)
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

  func nearest(_ query: [Float], k: Int, filter: RowFilter?, search: [String: Scalar]) throws -> [Neighbor] {
    let defaults = parameters.filter { name, _ in spec.searchParameters.contains { $0.name == name } }
    var found: [Neighbor] = []
    if let index {
      var given = defaults.merging(search) { $1 }
      // The forest's own default looks at very little when few are asked for.
      if spec.name == "forest", given["search_k"] == nil { given["search_k"] = .int(max(5000, 50 * k)) }
      let part = filter.map { filter in RowFilter(count: indexed, rows: (0..<indexed).filter { filter[$0] }) }
      found = try index.search(query, k: k, parameters: try spec.search(given), filter: part)
    }
    if let tail {
      let part = filter.map { filter in
        RowFilter(count: tail.count, rows: (0..<tail.count).filter { filter[indexed + $0] })
      }
      found += try tail.search(query, k: k, parameters: try exact.search(), filter: part)
        .map { Neighbor(row: $0.row + indexed, distance: $0.distance) }
    }
    return Array(found.sorted { ($0.distance, $0.row) < ($1.distance, $1.row) }.prefix(k))
  }
}

/// Keeps the vectors of the state seen last.
final class LoadedVectors: @unchecked Sendable {
  private let lock = NSLock()
  private var known: (state: SearchCatalog.State, vectors: SearchVectors)?

  func current(_ state: SearchCatalog.State, _ folder: String) throws -> SearchVectors {
    lock.lock()
    defer { lock.unlock() }
    if let known, known.state == state { return known.vectors }
    let vectors = try SearchVectors(state, folder)
    known = (state, vectors)
    return vectors
  }
}
