import Basics
import Foundation
import Ranking

/// Data and golden values of the index tests.
enum IndexCases {
  struct Golden: Decodable {
    struct Query: Decodable {
      let item: Int
      let n: Int
      let search_k: Int
      let ids: [Int]
      let distances: [Float]
    }
    let name: String
    let metric: String
    let data: String
    let items: Int
    let f: Int
    let trees: Int
    let seed: Int?
    let annoy: String
    let bytes: Int
    let fnv1a: String?
    let queries: [Query]
  }

  struct GoldenFile: Decodable { let cases: [Golden] }

  static func golden() throws -> [Golden] {
    let data = try Data(contentsOf: folder.appendingPathComponent("forest.json"))
    return try JSONDecoder().decode(GoldenFile.self, from: data).cases
  }

  static var folder: URL { Bundle.module.bundleURL.appendingPathComponent("Golden") }

  /// The same numbers as scripts/golden/forest.py.
  static func rows(_ kind: String, _ count: Int, _ dimension: Int) -> [Float] {
    var state: UInt32 = 1
    let flat = (0..<(count * dimension)).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return Float(state >> 8) / 16_777_216 - 0.5
    }
    switch kind {
    case "bits": return flat.map { $0 > 0 ? 1 : 0 }
    case "duplicates": return (0..<count).flatMap { flat[($0 % 8 * dimension)..<(($0 % 8 + 1) * dimension)] }
    default: return flat
    }
  }

  static func gaussian(_ count: Int, _ dimension: Int, seed: UInt64) throws -> VectorMatrix {
    try VectorMatrix(RankTests.gaussian(count * dimension, seed: seed), dimension: dimension)
  }

  static func scratch(_ name: String) -> String {
    NSTemporaryDirectory() + "ieum-index-\(UUID().uuidString)-\(name)"
  }

  static func fnv1a(_ path: String) throws -> String {
    var hash: UInt64 = 1_469_598_103_934_665_603
    for byte in try Data(contentsOf: URL(fileURLWithPath: path)) {
      hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211
    }
    let text = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }

  /// Straightforward nearest rows in double precision.
  static func bruteForce(
    _ vectors: VectorMatrix, _ query: [Float], _ metric: IndexMetric, k: Int, filter: RowFilter? = nil
  ) -> [Int] {
    let q = query.map(Double.init)
    let costs = (0..<vectors.count).map { row -> Double in
      let x = vectors.vector(row).map(Double.init)
      let dot = zip(q, x).reduce(0) { $0 + $1.0 * $1.1 }
      switch metric {
      case .dot: return -dot
      case .euclidean: return zip(q, x).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      case .manhattan: return zip(q, x).reduce(0) { $0 + abs($1.0 - $1.1) }
      case .hamming: return zip(q, x).reduce(0) { $0 + (($1.0 > 0.5) != ($1.1 > 0.5) ? 1 : 0) }
      case .angular:
        let norms = q.reduce(0) { $0 + $1 * $1 }.squareRoot() * x.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return norms > 0 ? -dot / norms : 0
      }
    }
    let allowed = (0..<vectors.count).filter { filter?[$0] ?? true }
    return Array(allowed.sorted { (costs[$0], $0) < (costs[$1], $1) }.prefix(k))
  }

  /// Share of the true neighbours that an index finds, over rows of a query set.
  static func recall(
    _ index: any VectorIndex, _ spec: IndexSpec, _ vectors: VectorMatrix, _ queries: VectorMatrix, k: Int,
    search: [String: Scalar] = [:], filter: RowFilter? = nil
  ) throws -> Double {
    // The exact index is held against the brute force in its own tests.
    let exact = try IndexRegistry.named("exact")
    let truthful = try exact.build(vectors, metric: index.metric)
    var hits = 0
    for row in 0..<queries.count {
      let found = try index.search(queries.vector(row), k: k, parameters: spec.search(search), filter: filter)
      let truth = try truthful.search(queries.vector(row), k: k, parameters: exact.search(), filter: filter)
      hits += Set(found.map(\.row)).intersection(truth.map(\.row)).count
    }
    return Double(hits) / Double(queries.count * k)
  }
}
