import Basics
import Foundation
import HDF5
import Ranking

/// Writes data in the layout of ann-benchmarks: `train`, `test`, `neighbors`, `distances`, attribute `distance`.
public enum AnnBenchmarksFile {
  /// Neighbours of every query by brute force.
  /// - Parameter k: neighbours per query (ann-benchmarks has 100).
  public static func write(_ input: IndexInput, metric: IndexMetric, k: Int, to path: String) throws {
    guard let queries = input.queries else {
      throw IeumError(.data, "has no queries", file: input.path, remedy: "give --queries N to hold rows out")
    }
    let width = min(k, input.vectors.count)
    let found = try IndexBench.neighbours(input.vectors, queries, metric, k: width)
    let temporary = try AtomicFile.temporaryPath(for: path)
    do {
      let file = try HDF5File(creating: temporary)
      try file.setAttribute("type", "dense")
      try file.setAttribute("distance", metric.rawValue)
      try file.setAttribute("dimension", input.vectors.dimension)
      try file.setAttribute("point_type", metric == .hamming ? "bit" : "float")
      for (name, rows) in [("train", input.vectors), ("test", queries)] {
        let values = Array(UnsafeBufferPointer(start: rows.values, count: rows.count * rows.dimension))
        try file.write(name, floats: values, shape: [rows.count, rows.dimension])
      }
      try file.write(
        "neighbors", ints: found.flatMap { $0.map { Int64($0.row) } }, shape: [queries.count, width])
      let distances = found.flatMap { $0.map { metric.benchmarkDistance($0, dimension: queries.dimension) } }
      try file.write("distances", floats: distances, shape: [queries.count, width])
      try file.close()
      try AtomicFile.commit(temporary, to: path)
    } catch {
      unlink(temporary)
      throw error
    }
  }
}

/// Writes what an index found in the layout of ann-benchmarks' results, so that its plots and tables read it.
public enum AnnBenchmarksResult {
  /// - Parameters:
  ///   - found: neighbours of each query, nearest first, at most `k`; what an approximate index did not find is filled
  ///     up with row −1 at an infinite distance.
  ///   - k: columns; no more than the index has rows.
  ///   - seconds: taken by each query.
  ///   - dataset: name of the file that the queries came from.
  public static func write(
    _ found: [[Neighbor]], seconds: [Double], k: Int, of folder: IndexFolder, dataset: String, to path: String
  ) throws {
    let card = folder.card
    let k = min(k, card.count)
    let temporary = try AtomicFile.temporaryPath(for: path)
    do {
      let file = try HDF5File(creating: temporary)
      let mean = { (values: [Double]) in values.reduce(0, +) / Double(max(1, values.count)) }
      for (name, value) in [
        ("algo", card.index), ("name", folder.label), ("dataset", dataset), ("distance", card.metric.rawValue),
      ] { try file.setAttribute(name, value) }
      for (name, value) in [("count", k), ("run_count", 1), ("batch_mode", 0), ("expect_extra", 0)] {
        try file.setAttribute(name, value)
      }
      for (name, value) in [
        ("build_time", card.buildSeconds), ("best_search_time", mean(seconds)),
        ("candidates", mean(found.map { Double($0.count) })), ("index_size", Double(card.bytes) / 1024),
      ] { try file.setAttribute(name, value) }
      let places = found.flatMap { list in (0..<k).map { $0 < list.count ? list[$0] : nil } }
      let shape = [found.count, k]
      try file.write("times", floats: seconds.map { Float($0) }, shape: [found.count])
      try file.write("neighbors", ints: places.map { $0.map { Int64($0.row) } ?? -1 }, shape: shape)
      let distances = places.map { $0.map { card.metric.benchmarkDistance($0, dimension: card.dimension) } ?? .infinity }
      try file.write("distances", floats: distances, shape: shape)
      try file.close()
      try AtomicFile.commit(temporary, to: path)
    } catch {
      unlink(temporary)
      throw error
    }
  }
}

extension IndexMetric {
  fileprivate func benchmarkDistance(_ neighbor: Neighbor, dimension: Int) -> Float {
    Float(benchmarkDistance(Double(neighbor.distance), dimension: dimension))
  }
}
