import Basics
import Foundation
import Ranking

/// One point of a sweep: an index at one setting, measured.
public struct IndexMeasurement: Sendable {
  public let index: String
  public let build: [String: Scalar]
  public let search: [String: Scalar]
  /// Share of returned rows that are as near as the true k-th neighbour (+ 0.001, as ann-benchmarks counts).
  public let annRecall: Double
  /// Queries per second, one after the other on one thread.
  public let qps: Double
  public let p50Milliseconds: Double
  public let p99Milliseconds: Double
  public let buildSeconds: Double
  public let bytes: Int
  /// R@1, R@5, R@10 of the retrieval task in %, where the file has one.
  public let retrieval: [String: Double]
  /// Whether no other point is at least as good in both recall and speed.
  public internal(set) var isPareto = false

  /// `n_trees=10 search_k=1000`
  public var label: String {
    (build.sorted { $0.key < $1.key } + search.sorted { $0.key < $1.key })
      .map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }
}

/// Measures indexes on one file. The indexes return rows only; distances and recall are computed here.
public struct IndexBench {
  public let input: IndexInput
  public let metric: IndexMetric
  public let k: Int
  /// Passes over all queries; the fastest one counts.
  public let runs: Int
  private let queries: VectorMatrix
  /// Largest distance that still counts as a true neighbour, per query.
  private let thresholds: [Double]
  static let recallDepths = [1, 5, 10]

  /// - Throws: ``IeumError`` (data) when there are no queries, or fewer vectors than neighbours asked for.
  public init(_ input: IndexInput, metric: IndexMetric, k: Int, runs: Int) throws {
    guard let queries = input.queries else {
      throw IeumError(.data, "has no queries", file: input.path, remedy: "give --queries N to hold rows out")
    }
    guard (1...input.vectors.count).contains(k) else {
      throw IeumError(
        .usage, "\(k) neighbours of \(input.vectors.count) vectors cannot be found", place: "-k")
    }
    self.input = input
    self.metric = metric
    self.k = k
    self.runs = runs
    self.queries = queries
    if let truth = input.truth, input.metric == metric, truth.width >= k {
      thresholds = (0..<queries.count).map { Double(truth.distances[$0 * truth.width + k - 1]) + 1e-3 }
    } else {
      let exact = try IndexBench.neighbours(input.vectors, queries, metric, k: k)
      thresholds = exact.map { metric.benchmarkDistance(Double($0.last?.distance ?? 0), dimension: queries.dimension) + 1e-3 }
    }
  }

  /// The true neighbours, by brute force on all cores.
  static func neighbours(_ vectors: VectorMatrix, _ queries: VectorMatrix, _ metric: IndexMetric, k: Int)
    throws
    -> [[Neighbor]]
  {
    let spec = try IndexRegistry.named("exact")
    let index = try spec.build(vectors, metric: metric)
    let search = try spec.search()
    return try Parallel.map(Array(0..<queries.count)) { query in
      Result { try index.search(queries.vector(query), k: k, parameters: search, filter: nil) }
    }.map { try $0.get() }
  }

  /// Every point of the sweep, those of the Pareto front marked.
  public func run(_ sweep: IndexSweep, progress: (String) -> Void) throws -> [IndexMeasurement] {
    var points: [IndexMeasurement] = []
    for build in sweep.builds {
      progress("building \(build.spec.name)")
      let start = ContinuousClock.now
      let index = try build.spec.build(input.vectors, metric: metric, parameters: build.parameters)
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      for search in build.searches {
        points.append(try measure(index, build, search, seconds))
        progress("\(build.spec.name) \(points[points.count - 1].label)")
      }
    }
    return IndexBench.marked(points)
  }

  private func measure(
    _ index: any VectorIndex, _ build: IndexSweep.Build, _ search: [String: Scalar], _ seconds: Double
  ) throws -> IndexMeasurement {
    let parameters = try build.spec.search(search)
    let vectors = (0..<queries.count).map { queries.vector($0) }
    var best: (total: Double, times: [Double]) = (.infinity, [])
    var found: [[Neighbor]] = []
    for _ in 0..<max(1, runs) {
      var times: [Double] = []
      found.removeAll(keepingCapacity: true)
      for vector in vectors {
        let start = ContinuousClock.now
        found.append(try index.search(vector, k: k, parameters: parameters, filter: nil))
        times.append((ContinuousClock.now - start) / .milliseconds(1))
      }
      let total = times.reduce(0, +)
      if total < best.total { best = (total, times.sorted()) }
    }
    return IndexMeasurement(
      index: build.spec.name, build: build.parameters, search: search, annRecall: try recall(found),
      qps: 1000 * Double(vectors.count) / best.total, p50Milliseconds: best.times[best.times.count / 2],
      p99Milliseconds: best.times[min(best.times.count - 1, best.times.count * 99 / 100)],
      buildSeconds: seconds,
      bytes: index.bytes, retrieval: try retrieval(index, parameters))
  }

  /// - Throws: ``IeumError`` (system) when an index returns a row twice or one that does not exist.
  private func recall(_ found: [[Neighbor]]) throws -> Double {
    var hits = 0
    for (query, neighbours) in found.enumerated() {
      let rows = Set(neighbours.map(\.row))
      guard rows.count == neighbours.count, neighbours.count <= k,
        rows.allSatisfy({ (0..<input.vectors.count).contains($0) })
      else { throw IeumError(.system, "an index returned rows that cannot be", place: "query \(query)") }
      for row in rows {
        let distance = metric.distance(queries.row(query), input.vectors.row(row), queries.dimension)
        if metric.benchmarkDistance(distance, dimension: queries.dimension) <= thresholds[query] { hits += 1 }
      }
    }
    return Double(hits) / Double(found.count * k)
  }

  /// What searching through the index leaves of the retrieval task: a query counts when a relevant row is
  /// among the first K that the index returns (its excluded row skipped).
  private func retrieval(_ index: any VectorIndex, _ parameters: Parameters) throws -> [String: Double] {
    guard let relevance = input.relevance else { return [:] }
    let deepest = IndexBench.recallDepths.max() ?? 10
    var hits = [Int](repeating: 0, count: IndexBench.recallDepths.count)
    for query in 0..<queries.count {
      let excluded = relevance.exclude?[query] ?? -1
      let wanted = min(deepest + (excluded >= 0 ? 1 : 0), index.count)
      let rows = try index.search(queries.vector(query), k: wanted, parameters: parameters, filter: nil)
        .map(\.row).filter { $0 != excluded }.prefix(deepest)
      let relevant = Set(relevance.relevant(to: query))
      guard let place = rows.firstIndex(where: relevant.contains) else { continue }
      for (slot, depth) in IndexBench.recallDepths.enumerated() where place < depth { hits[slot] += 1 }
    }
    return Dictionary(
      zip(IndexBench.recallDepths.map { "R@\($0)" }, hits.map { 100 * Double($0) / Double(queries.count) }),
      uniquingKeysWith: { $1 })
  }

  /// Marks the points that no other beats or equals in recall and speed together.
  static func marked(_ points: [IndexMeasurement]) -> [IndexMeasurement] {
    points.map { point in
      var marked = point
      marked.isPareto = !points.contains { other in
        other.annRecall >= point.annRecall && other.qps >= point.qps
          && (other.annRecall > point.annRecall || other.qps > point.qps)
      }
      return marked
    }
  }
}
