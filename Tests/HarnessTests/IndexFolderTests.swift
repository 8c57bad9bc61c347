import Basics
import Datasets
import Foundation
import HDF5
import Harness
import Ranking
import Testing

@Suite struct IndexFolderTests {
  private let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "ieum-index-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  private func gaussian(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Float((0..<6).reduce(-3.0) { sum, _ in sum + generator.uniform() }) }
  }

  /// 200 gallery rows in 12 dimensions; query q is row 3q with a little noise, and row 3q is relevant.
  private func embeddings() throws -> String {
    let path = folder + "/e.h5"
    let gallery = gaussian(200 * 12, seed: 1)
    let noise = gaussian(40 * 12, seed: 2)
    let queries = (0..<40).flatMap { query -> [Float] in
      (0..<12).map { component -> Float in
        let partner: Float = gallery[3 * query * 12 + component]
        return partner + 0.05 * noise[query * 12 + component]
      }
    }
    try EmbeddingFile(
      queries: queries, gallery: gallery, dimension: 12, relevant: (0..<40).map { [3 * $0] },
      galleryIDs: (0..<200).map { "item \($0)" }
    ).write(to: path)
    return path
  }

  @Test func anIndexFolderIsOpenedAsItWasBuilt() throws {
    let input = try IndexInput.read(embeddings())
    #expect(input.kind == .embeddings)
    let built = try IndexFolder.build(
      input, index: "forest", metric: .angular, parameters: ["n_trees": .int(5), "search_k": .int(300)],
      to: folder + "/index")
    let opened = try IndexFolder.open(folder + "/index")
    #expect(opened.ids?[7] == "item 7" && opened.card.metric == .angular && opened.card.count == 200)
    #expect(try opened.search([:]).int("search_k") == 300)
    #expect(try opened.search(["search_k": .int(5)]).int("search_k") == 5)
    let query = input.vectors.vector(9)
    #expect(
      try opened.index.search(query, k: 4, parameters: opened.search([:]), filter: nil)
        == built.index.search(query, k: 4, parameters: built.search([:]), filter: nil))
  }

  @Test func damageIsTold() throws {
    let path = folder + "/index"
    _ = try IndexFolder.build(
      IndexInput.read(embeddings()), index: "forest", metric: .dot, parameters: [:], to: path)
    let file = path + "/index.ann"
    let whole = try Data(contentsOf: URL(fileURLWithPath: file))
    try whole.dropLast().write(to: URL(fileURLWithPath: file))
    #expect { try IndexFolder.open(path) } throws: { ($0 as? IeumError)?.file == file }
    try FileManager.default.removeItem(atPath: file)
    #expect { try IndexFolder.open(path) } throws: { ($0 as? IeumError)?.exitCode == 65 }
    try Data("{}".utf8).write(to: URL(fileURLWithPath: path + "/index.json"))
    #expect { try IndexFolder.open(path) } throws: { ($0 as? IeumError)?.file == path + "/index.json" }
    #expect(throws: IeumError.self) { try IndexFolder.open(folder + "/none") }
  }

  @Test func benchMeasuresRecallAndTheTask() throws {
    let input = try IndexInput.read(embeddings())
    var notes: [String] = []
    let sweep = try IndexSweep(
      indexes: ["exact", "forest"],
      values: ["n_trees": [.int(1), .int(8)], "search_k": [.int(1), .int(4000)]],
      metric: .angular, note: { notes.append($0) })
    let bench = try IndexBench(input, metric: .angular, k: 10, runs: 1)
    let points = try bench.run(sweep) { _ in }
    #expect(points.map(\.index) == ["exact"] + [String](repeating: "forest", count: 4))
    #expect(points[0].annRecall == 1 && points[0].retrieval["R@1"] == 100)
    let full = points.filter { $0.search["search_k"] == .int(4000) }
    #expect(full.count == 2 && full.allSatisfy { $0.annRecall == 1 && $0.retrieval["R@10"] == 100 })
    let starved = points.filter { $0.search["search_k"] == .int(1) }
    #expect(starved.allSatisfy { $0.annRecall < 0.9 })
    #expect(points.allSatisfy { $0.qps > 0 && $0.bytes > 0 && $0.buildSeconds >= 0 })
    #expect(points.contains { $0.isPareto } && notes.isEmpty)

    let report = IndexReport(points, bench, title: "test")
    let results = try #require(report.json["results"] as? [[String: Any]])
    #expect(Set(["annRecall@10", "qps", "buildSeconds", "bytes"]).isSubset(of: results[0].keys))
    #expect(report.retrieval?.rows.count == 5)
    #expect(report.speed.text.split(separator: "\n").count == 6)
    #expect(throws: IeumError.self) {
      try IndexSweep(indexes: ["exact"], values: ["n_trees": [.int(1)]], metric: .dot, note: { _ in })
    }
  }

  @Test func annBenchmarksFilesAreReadAndWritten() throws {
    let input = try IndexInput.read(embeddings())
    let path = folder + "/ann.hdf5"
    try AnnBenchmarksFile.write(input, metric: .euclidean, k: 100, to: path)
    let read = try IndexInput.read(path)
    #expect(read.kind == .annBenchmarks && read.metric == .euclidean && read.truth?.width == 100)
    #expect(read.vectors.count == 200 && read.queries?.count == 40)
    #expect(read.vectors.vector(5) == input.vectors.vector(5))
    let file = try HDF5File(reading: path)
    #expect(try file.readInts("neighbors").prefix(1) == [0])
    #expect(try file.shape(of: "distances") == [40, 100])
    // Distances of the file that are too small make recall fall: they are what counts.
    try file.close()
    let bench = try IndexBench(read, metric: .euclidean, k: 10, runs: 1)
    let sweep = try IndexSweep(indexes: ["exact"], values: [:], metric: .euclidean, note: { _ in })
    #expect(try bench.run(sweep) { _ in }[0].annRecall == 1)
  }

  @Test func rowsAreHeldOutOfFilesWithoutQueries() throws {
    let path = folder + "/train.hdf5"
    let file = try HDF5File(creating: path)
    try file.write("train", floats: gaussian(100 * 4, seed: 5), shape: [100, 4])
    try file.close()
    let input = try IndexInput.read(path)
    let held = try input.holdingOut(30, seed: 1)
    #expect(held.vectors.count == 70 && held.queries?.count == 30)
    let rows = (0..<70).map { held.vectors.vector($0) } + (0..<30).compactMap { held.queries?.vector($0) }
    #expect(Set(rows) == Set((0..<100).map { input.vectors.vector($0) }))
    #expect(try held.vectors.vector(0) == input.holdingOut(30, seed: 1).vectors.vector(0))
    #expect(throws: IeumError.self) { try IndexBench(input, metric: .dot, k: 10, runs: 1) }
  }
}
