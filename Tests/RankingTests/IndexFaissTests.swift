import Basics
import Foundation
import Ranking
import Testing

@Suite struct IndexFaissTests {
  private static let small: [String: [String: Scalar]] = [
    "hnsw": ["M": .int(16), "seed": .int(1)], "pq": ["m": .int(8), "nbits": .int(6)],
    "ivf-pq": ["m": .int(8), "nbits": .int(6), "nlist": .int(8)],
  ]
  private static let wide: [String: [String: Scalar]] = [
    "hnsw": ["efSearch": .int(300)], "pq": [:], "ivf-pq": ["nprobe": .int(8)],
  ]

  @Test(arguments: ["hnsw", "pq", "ivf-pq"], [IndexMetric.angular, .euclidean, .dot])
  func findsNeighbours(name: String, metric: IndexMetric) throws {
    let spec = try IndexRegistry.named(name)
    let vectors = try IndexCases.gaussian(600, 16, seed: 1)
    let queries = try IndexCases.gaussian(15, 16, seed: 2)
    let index = try spec.build(vectors, metric: metric, parameters: Self.small[name] ?? [:])
    let recall = try IndexCases.recall(index, spec, vectors, queries, k: 10, search: Self.wide[name] ?? [:])
    // The graph finds all; codes of six bits per two components are coarse, but far above the 1/60 of chance.
    #expect(recall > (name == "hnsw" ? 0.99 : 0.4), "\(name), \(metric): \(recall)")
    let found = try index.search(
      queries.vector(0), k: 5, parameters: spec.search(Self.wide[name] ?? [:]), filter: nil)
    for neighbor in found where name == "hnsw" {
      let distance = metric.distance(queries.row(0), vectors.row(neighbor.row), 16)
      #expect(abs(distance - Double(neighbor.distance)) < 1e-4)
    }
  }

  @Test(arguments: ["hnsw", "pq", "ivf-pq"])
  func filtersBeforeTheCut(name: String) throws {
    let spec = try IndexRegistry.named(name)
    let vectors = try IndexCases.gaussian(600, 16, seed: 3)
    let index = try spec.build(vectors, metric: .angular, parameters: Self.small[name] ?? [:])
    let filter = RowFilter(count: 600, rows: stride(from: 5, to: 600, by: 40))
    let found = try index.search(
      vectors.vector(0), k: 10, parameters: spec.search(Self.wide[name] ?? [:]), filter: filter)
    #expect(found.count == 10 && found.allSatisfy { $0.row % 40 == 5 })
    #expect(Set(found.map(\.row)).count == 10)
  }

  @Test(arguments: ["hnsw", "pq", "ivf-pq"])
  func survivesItsFileAndTellsDamage(name: String) throws {
    let spec = try IndexRegistry.named(name)
    let vectors = try IndexCases.gaussian(400, 16, seed: 4)
    let path = IndexCases.scratch(name)
    defer { unlink(path) }
    let index = try spec.build(vectors, metric: .euclidean, parameters: Self.small[name] ?? [:])
    try index.write(to: path)
    let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
    #expect(size == index.bytes)
    let shape = IndexShape(metric: .euclidean, dimension: 16, count: 400)
    let read = try spec.load(path, shape: shape)
    let search = try spec.search()
    for row in 0..<20 {
      #expect(
        try read.search(vectors.vector(row), k: 3, parameters: search, filter: nil)
          == index.search(vectors.vector(row), k: 3, parameters: search, filter: nil))
    }
    let other = try #require(IndexRegistry.all.first { $0.fileExtension == "faiss" && $0.name != name })
    #expect(throws: IeumError.self) { try other.load(path, shape: shape) }
    #expect(throws: IeumError.self) { try spec.load(path, shape: IndexShape(metric: .dot, dimension: 17)) }
    try Data(contentsOf: URL(fileURLWithPath: path)).prefix(300).write(to: URL(fileURLWithPath: path))
    #expect(throws: IeumError.self) { try spec.load(path, shape: shape) }
  }

  @Test func aSeedMakesTheSameFile() throws {
    let vectors = try IndexCases.gaussian(400, 16, seed: 5)
    for (name, parameters) in Self.small {
      let paths = (0..<2).map { IndexCases.scratch("\(name)-\($0)") }
      defer { for path in paths { unlink(path) } }
      for path in paths {
        let given = parameters.merging(["seed": .int(7)]) { $1 }
        try IndexRegistry.named(name).build(vectors, metric: .dot, parameters: given).write(to: path)
      }
      #expect(try IndexCases.fnv1a(paths[0]) == IndexCases.fnv1a(paths[1]), "\(name)")
    }
  }

  @Test func wrongSizesAreToldBeforeTraining() throws {
    let vectors = try IndexCases.gaussian(100, 10, seed: 6)
    let pq = try IndexRegistry.named("pq")
    #expect { try pq.build(vectors, metric: .dot, parameters: ["m": .int(3)]) } throws: {
      ($0 as? IeumError)?.exitCode == 64
    }
    #expect { try pq.build(vectors, metric: .dot, parameters: ["m": .int(5)]) } throws: {
      ($0 as? IeumError)?.exitCode == 65
    }
    #expect(throws: IeumError.self) { try pq.build(vectors, metric: .manhattan) }
    let hnsw = try IndexRegistry.named("hnsw")
    #expect(throws: IeumError.self) { try hnsw.build(vectors, metric: .dot, parameters: ["M": .int(0)]) }
  }
}
