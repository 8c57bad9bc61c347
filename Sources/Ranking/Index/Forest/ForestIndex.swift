import Basics
import COpenBLAS
import Foundation

/// A forest of random-hyperplane trees, searched together through one priority queue: the Annoy algorithm.
///
/// Files are Annoy's: either program reads what the other wrote, and finds the same neighbours.
/// - Source: Bernhardsson, "Annoy", github.com/spotify/annoy; the dot product after Bachrach et al. 2014.
final class ForestIndex: VectorIndex {
  static let spec = IndexSpec(
    name: "forest", summary: "a forest of random-hyperplane trees (Annoy's algorithm and files)",
    source: "Annoy, github.com/spotify/annoy", metrics: IndexMetric.allCases,
    buildParameters: [
      ParameterSpec(
        "n_trees", default: .int(10), "trees; -1 = until there are twice as many nodes as vectors"),
      ParameterSpec("seed", default: .int(Int(Kiss64.defaultSeed)), "seed of the splits"),
      ParameterSpec(
        "stream", default: .string("tree"),
        "a generator per tree (parallel), or one shared by all as Annoy's one thread",
        choices: ForestBuilder.Stream.allCases.map(\.rawValue)),
      ParameterSpec(
        "arithmetic", default: .string("fast"), "'sequential' gives the bytes of a plain C++ build of Annoy",
        choices: ForestGeometry.Arithmetic.allCases.map(\.rawValue)),
      ParameterSpec(
        "dot_format", default: .string("current"),
        "metric dot: Annoy's present rule, or that of its release 1.17.3",
        choices: ["current", "1.17"]),
    ],
    searchParameters: [
      ParameterSpec("search_k", default: .int(-1), "candidates to collect; -1 = k × trees")
    ],
    fileExtension: "ann",
    sweep: ["n_trees": [.int(10), .int(50)], "search_k": [.int(-1), .int(1000), .int(5000), .int(10000)]],
    make: { vectors, metric, parameters in
      let geometry = ForestGeometry(
        layout: ForestLayout(kind(metric, parameters), dimension: vectors.dimension),
        arithmetic: ForestGeometry.Arithmetic(rawValue: parameters.string("arithmetic")) ?? .fast)
      let trees = parameters.int("n_trees")
      guard trees == -1 || (1...100_000).contains(trees) else {
        throw IeumError(
          .usage, "n_trees cannot be \(trees)", place: "index 'forest'", remedy: "give -1 or 1…100000")
      }
      let builder = ForestBuilder(
        geometry: geometry, stream: ForestBuilder.Stream(rawValue: parameters.string("stream")) ?? .tree,
        seed: UInt64(bitPattern: Int64(parameters.int("seed"))), trees: trees)
      return ForestIndex(try builder.build(vectors))
    },
    open: { path, shape, parameters in
      let layout = ForestLayout(kind(shape.metric, parameters), dimension: shape.dimension)
      return ForestIndex(try ForestNodes(mapping: path, layout: layout, count: shape.count))
    })

  private static func kind(_ metric: IndexMetric, _ parameters: Parameters) -> ForestKind {
    switch metric {
    case .angular: .angular
    case .euclidean: .euclidean
    case .manhattan: .manhattan
    case .hamming: .hamming
    case .dot: parameters.string("dot_format") == "1.17" ? .dot117 : .dot
    }
  }

  let nodes: ForestNodes
  private let scratch: ForestScratchPool

  init(_ nodes: ForestNodes) {
    self.nodes = nodes
    scratch = ForestScratchPool(items: nodes.itemCount)
  }

  var count: Int { nodes.itemCount }
  var dimension: Int { nodes.layout.dimension }
  var metric: IndexMetric { nodes.layout.kind.metric }
  var bytes: Int { nodes.bytes }

  func write(to path: String) throws { try nodes.write(to: path) }

  func search(_ query: [Float], k: Int, parameters: Parameters, filter: RowFilter?) throws -> [Neighbor] {
    try check(query, k: k)
    let wanted = parameters.int("search_k")
    guard wanted == -1 || wanted > 0 else {
      throw IeumError(
        .usage, "search_k cannot be \(wanted)", place: "index 'forest'", remedy: "give -1 or at least 1")
    }
    let work = scratch.take()
    defer { scratch.give(work) }
    let searchK = wanted > 0 ? wanted : k * nodes.roots.count
    return try query.withUnsafeBufferPointer { buffer in
      guard let query = buffer.baseAddress else { return [] }
      return try ForestSearch(nodes, work, query).nearest(k, searchK: searchK, filter: filter)
    }
  }
}
