import Basics
import Foundation
import Ranking
import Testing

@Suite struct IndexForestTests {
  private let spec: IndexSpec

  init() throws { spec = try IndexRegistry.named("forest") }

  private func parameters(_ golden: IndexCases.Golden, arithmetic: String) -> [String: Scalar] {
    var parameters: [String: Scalar] = [
      "n_trees": .int(golden.trees), "stream": .string("shared"), "arithmetic": .string(arithmetic),
      "dot_format": .string(golden.annoy == "repository" ? "current" : "1.17"),
    ]
    if let seed = golden.seed { parameters["seed"] = .int(seed) }
    return parameters
  }

  private func check(_ index: any VectorIndex, _ golden: IndexCases.Golden, _ rows: [Float]) throws {
    for query in golden.queries {
      let vector = Array(rows[(query.item * golden.f)..<((query.item + 1) * golden.f)])
      let found = try index.search(
        vector, k: query.n, parameters: spec.search(["search_k": .int(query.search_k)]), filter: nil)
      #expect(found.map(\.row) == query.ids, "\(golden.name), item \(query.item), search_k \(query.search_k)")
      for (neighbor, distance) in zip(found, query.distances) {
        #expect(
          abs(neighbor.distance - distance) < 2e-3
            && (distance < 0.01 || abs(neighbor.distance - distance) < 2e-6 * max(1, distance)))
      }
    }
  }

  @Test func buildsTheTreesOfAnnoyByteForByte() throws {
    let cases = try IndexCases.golden()
    #expect(cases.count == 10)
    for golden in cases {
      let rows = IndexCases.rows(golden.data, golden.items, golden.f)
      let index = try spec.build(
        VectorMatrix(rows, dimension: golden.f), metric: IndexMetric.named(golden.metric),
        parameters: parameters(golden, arithmetic: "sequential"))
      #expect(index.bytes == golden.bytes, "\(golden.name)")
      try check(index, golden, rows)
      guard let hash = golden.fnv1a else { continue }
      let path = IndexCases.scratch("forest")
      defer { unlink(path) }
      try index.write(to: path)
      #expect(try IndexCases.fnv1a(path) == hash, "\(golden.name)")
    }
  }

  @Test func findsTheSameNeighboursWithFastArithmetic() throws {
    for golden in try IndexCases.golden() {
      let rows = IndexCases.rows(golden.data, golden.items, golden.f)
      let index = try spec.build(
        VectorMatrix(rows, dimension: golden.f), metric: IndexMetric.named(golden.metric),
        parameters: parameters(golden, arithmetic: "fast"))
      try check(index, golden, rows)
    }
  }

  @Test(arguments: ["angular", "dot", "hamming"])
  func readsFilesOfAnnoy(name: String) throws {
    let golden = try #require(try IndexCases.golden().first { $0.name == name })
    let path = IndexCases.folder.appendingPathComponent("\(name).ann").path
    let shape = IndexShape(metric: try IndexMetric.named(golden.metric), dimension: golden.f)
    let index = try spec.load(path, shape: shape)
    #expect(index.count == golden.items && index.bytes == golden.bytes)
    try check(index, golden, IndexCases.rows(golden.data, golden.items, golden.f))
  }

  @Test func aTreeIsTheSameOnAnyNumberOfCores() throws {
    let vectors = try IndexCases.gaussian(2000, 24, seed: 1)
    let paths = (0..<3).map { IndexCases.scratch("\($0)") }
    defer { for path in paths { unlink(path) } }
    for (seed, path) in zip([5, 5, 6], paths) {
      try spec.build(vectors, metric: .euclidean, parameters: ["n_trees": .int(7), "seed": .int(seed)]).write(
        to: path)
    }
    #expect(try IndexCases.fnv1a(paths[0]) == IndexCases.fnv1a(paths[1]))
    #expect(try IndexCases.fnv1a(paths[0]) != IndexCases.fnv1a(paths[2]))
  }

  /// Tree t of the parallel build is the tree that one thread grows from seed + t.
  @Test func parallelTreesAreThoseOfSingleSeeds() throws {
    let vectors = try IndexCases.gaussian(400, 8, seed: 2)
    let both = try spec.build(vectors, metric: .angular, parameters: ["n_trees": .int(2), "seed": .int(9)])
    let alone = try (0..<2).map { tree in
      try spec.build(
        vectors, metric: .angular,
        parameters: ["n_trees": .int(1), "seed": .int(9 + tree), "stream": .string("shared")])
    }
    let items = vectors.count * (12 + 4 * 8)
    #expect(both.bytes - items == alone.reduce(0) { $0 + $1.bytes - items })
  }

  @Test(arguments: [IndexMetric.angular, .euclidean, .manhattan, .dot])
  func findsNearlyAllWithEnoughCandidates(metric: IndexMetric) throws {
    let (vectors, queries) = (
      try IndexCases.gaussian(1200, 20, seed: 3), try IndexCases.gaussian(12, 20, seed: 4)
    )
    let index = try spec.build(vectors, metric: metric, parameters: ["n_trees": .int(10), "seed": .int(1)])
    let few = try IndexCases.recall(index, spec, vectors, queries, k: 10, search: ["search_k": .int(100)])
    let many = try IndexCases.recall(index, spec, vectors, queries, k: 10, search: ["search_k": .int(8000)])
    #expect(few < many && many > 0.97, "\(metric): \(few), \(many)")
    let all = try IndexCases.recall(index, spec, vectors, queries, k: 10, search: ["search_k": .int(100_000)])
    #expect(all == 1)
  }

  @Test func aFilterKeepsTheNeighboursComing() throws {
    let (vectors, queries) = (
      try IndexCases.gaussian(2000, 16, seed: 5), try IndexCases.gaussian(20, 16, seed: 6)
    )
    let index = try spec.build(vectors, metric: .angular, parameters: ["n_trees": .int(10)])
    let filter = RowFilter(count: 2000, rows: stride(from: 0, to: 2000, by: 50))
    for row in 0..<queries.count {
      let found = try index.search(
        queries.vector(row), k: 10, parameters: spec.search(["search_k": .int(400)]), filter: filter)
      #expect(found.count == 10 && found.allSatisfy { $0.row % 50 == 0 })
    }
    let recall = try IndexCases.recall(
      index, spec, vectors, queries, k: 10, search: ["search_k": .int(400)], filter: filter)
    #expect(recall == 1)
  }

  @Test func searchesRunSideBySide() async throws {
    let vectors = try IndexCases.gaussian(1500, 12, seed: 7)
    let index = try spec.build(vectors, metric: .euclidean)
    let search = try spec.search(["search_k": .int(500)])
    let alone = try (0..<100).map {
      try index.search(vectors.vector($0), k: 5, parameters: search, filter: nil)
    }
    let together = try await withThrowingTaskGroup(of: (Int, [Neighbor]).self) { group in
      for row in 0..<100 {
        group.addTask { (row, try index.search(vectors.vector(row), k: 5, parameters: search, filter: nil)) }
      }
      return try await group.reduce(into: [Int: [Neighbor]]()) { $0[$1.0] = $1.1 }
    }
    for row in 0..<100 { #expect(together[row] == alone[row]) }
  }

  @Test func aDamagedFileIsToldNotFollowed() throws {
    let vectors = try IndexCases.gaussian(300, 6, seed: 8)
    let path = IndexCases.scratch("damaged")
    defer { unlink(path) }
    try spec.build(vectors, metric: .angular, parameters: ["n_trees": .int(2)]).write(to: path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    let shape = IndexShape(metric: .angular, dimension: 6, count: 300)

    try whole.dropLast(5).write(to: URL(fileURLWithPath: path))
    #expect(throws: IeumError.self) { try spec.load(path, shape: shape) }
    try Data().write(to: URL(fileURLWithPath: path))
    #expect(throws: IeumError.self) { try spec.load(path, shape: shape) }
    try whole.write(to: URL(fileURLWithPath: path))
    #expect(throws: IeumError.self) { try spec.load(path, shape: IndexShape(metric: .angular, dimension: 7)) }
    #expect(throws: IeumError.self) {
      try spec.load(path, shape: IndexShape(metric: .angular, dimension: 6, count: 299))
    }
    #expect(throws: IeumError.self) { try spec.load(path + "-none", shape: shape) }

    // Children of every split far outside, then pointing at the node itself.
    let size = 12 + 4 * 6
    for wrong in [Int32.max, nil] {
      var bytes = whole
      for node in 300..<(whole.count / size) {
        let count = bytes.subdata(in: (node * size)..<(node * size + 4)).withUnsafeBytes {
          $0.loadUnaligned(as: Int32.self)
        }
        guard count > 8 else { continue }
        let child = withUnsafeBytes(of: wrong ?? Int32(node)) { Data($0) }
        bytes.replaceSubrange((node * size + 4)..<(node * size + 8), with: child)
        bytes.replaceSubrange((node * size + 8)..<(node * size + 12), with: child)
      }
      try bytes.write(to: URL(fileURLWithPath: path))
      let broken = try spec.load(path, shape: shape)
      #expect(throws: IeumError.self) {
        try broken.search(vectors.vector(0), k: 5, parameters: spec.search(), filter: nil)
      }
    }
  }
}
