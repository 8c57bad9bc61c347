import Basics
import Foundation
import HDF5
import Ranking

/// Writes files in the layout of ann-benchmarks: `train`, `test`, `neighbors`, `distances`, attribute
/// `distance`.
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
      let distances = found.flatMap { $0.map { Float(metric.benchmarkDistance(Double($0.distance))) } }
      try file.write("distances", floats: distances, shape: [queries.count, width])
      try file.close()
      try AtomicFile.commit(temporary, to: path)
    } catch {
      unlink(temporary)
      throw error
    }
  }
}
