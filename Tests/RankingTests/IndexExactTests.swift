import Basics
import Foundation
import Ranking
import Testing

@Suite struct IndexExactTests {
  @Test(arguments: IndexMetric.allCases)
  func isTheBruteForce(metric: IndexMetric) throws {
    let spec = try IndexRegistry.named("exact")
    let vectors = try IndexCases.gaussian(500, 37, seed: 1)
    let queries = try IndexCases.gaussian(25, 37, seed: 2)
    let index = try spec.build(vectors, metric: metric)
    let filter = RowFilter(count: 500, rows: (0..<500).filter { $0 % 3 == 1 })
    for row in 0..<queries.count {
      let query = queries.vector(row)
      for allowed in [nil, filter] {
        let found = try index.search(query, k: 13, parameters: spec.search(), filter: allowed)
        #expect(found.map(\.row) == IndexCases.bruteForce(vectors, query, metric, k: 13, filter: allowed))
      }
    }
  }

  @Test func tiesGoByRow() throws {
    let spec = try IndexRegistry.named("exact")
    let vectors = try VectorMatrix([1, 0, 0, 1, 2, 0, 1, 0, 0, 0], dimension: 2)
    let index = try spec.build(vectors, metric: .angular)
    let found = try index.search([3, 0], k: 5, parameters: spec.search(), filter: nil)
    #expect(found.map(\.row) == [0, 2, 3, 1, 4])
    #expect(found.map(\.distance) == [0, 0, 0, Float(2).squareRoot(), Float(2).squareRoot()])
  }

  @Test func survivesItsFile() throws {
    let spec = try IndexRegistry.named("exact")
    let vectors = try IndexCases.gaussian(50, 9, seed: 3)
    let index = try spec.build(vectors, metric: .dot)
    let path = IndexCases.scratch("exact")
    defer { unlink(path) }
    try index.write(to: path)
    let read = try spec.load(path, shape: IndexShape(metric: .dot, dimension: 9, count: 50))
    for row in 0..<10 {
      let query = vectors.vector(row)
      #expect(
        try read.search(query, k: 7, parameters: spec.search(), filter: nil)
          == index.search(query, k: 7, parameters: spec.search(), filter: nil))
    }
    #expect(throws: IeumError.self) {
      try spec.load(path, shape: IndexShape(metric: .dot, dimension: 9, count: 51))
    }
  }

  @Test func badQueriesAndParametersAreRefused() throws {
    let vectors = try IndexCases.gaussian(20, 4, seed: 4)
    for spec in IndexRegistry.all {
      let metric = spec.metrics[0]
      #expect(throws: IeumError.self) {
        try spec.build(vectors, metric: metric, parameters: ["n_treess": .int(1)])
      }
      #expect(throws: IeumError.self) { try spec.search(["serch_k": .int(1)]) }
    }
    let spec = try IndexRegistry.named("exact")
    let index = try spec.build(vectors, metric: .angular)
    #expect(throws: IeumError.self) {
      try index.search([1, 2], k: 1, parameters: spec.search(), filter: nil)
    }
    #expect(throws: IeumError.self) {
      try index.search([1, 2, 3, .nan], k: 1, parameters: spec.search(), filter: nil)
    }
    #expect(throws: IeumError.self) {
      try index.search([1, 2, 3, 4], k: 0, parameters: spec.search(), filter: nil)
    }
    #expect(throws: IeumError.self) { try VectorMatrix([1, .infinity], dimension: 2) }
    #expect(throws: IeumError.self) { try IndexRegistry.named("forrest") }
  }
}
