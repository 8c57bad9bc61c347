import Basics
import Foundation
import HDF5
import Testing

/// `ieum index` on files of ann-benchmarks as others write them, and results as its tools read them.
@Suite struct IndexFormatTests {
  /// 300 × 40 bits and 8 queries as h5py booleans: scripts/golden/hdf5.py.
  private static let bits =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Golden/h5py-hamming.hdf5"
  private let folder: TestFolder

  init() throws { folder = try TestFolder() }

  private func recalls(_ bench: Program, k: Int) throws -> [Double] {
    #expect(bench.status == 0, "\(bench.errors)")
    return try (bench.json["results"] as? [[String: Any]] ?? []).compactMap { $0["annRecall@\(k)"] as? Double }
  }

  @Test func booleansAreReadAsBits() throws {
    let bench = try Program(
      "index", "bench", Self.bits, "--index", "exact", "--index", "forest", "--param", "n_trees=1", "search_k=1,10000",
      "--runs", "1", "--json")
    #expect(try bench.json["metric"] as? String == "hamming" && bench.json["dimension"] as? Int == 40)
    let found = try recalls(bench, k: 10)
    #expect(found.count == 3 && found[0] == 1 && found.contains { $0 < 0.9 }, "\(found)")

    let (index, out) = (folder.file("index"), folder.file("found.hdf5"))
    #expect(try Program("index", "build", Self.bits, "--out", index).status == 0)
    let query = try Program("index", "query", index, "-k", "20", "--out", out)
    #expect(query.status == 0, "\(query.errors)")
    let (ours, theirs) = (try HDF5File(reading: out), try HDF5File(reading: Self.bits))
    // Shares of bits, as ann-benchmarks has them.
    let (distances, wanted) = (try ours.readFloats("distances"), try theirs.readFloats("distances"))
    #expect(distances.count == 160 && zip(distances, wanted).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(try theirs.readInts("test").allSatisfy { $0 == 0 || $0 == 1 } && theirs.readDoubles("test").reduce(0, +) > 100)
    #expect(try theirs.readFloats("train", rows: 3..<5) == Array(theirs.readFloats("train")[120..<200]))
  }

  @Test func resultsAreThoseOfAnnBenchmarks() throws {
    let (index, out) = (folder.file("index"), folder.file("found.hdf5"))
    #expect(
      try Program(
        "index", "build", Self.bits, "--index", "forest", "--param", "n_trees=1", "search_k=1", "--out", index
      ).status == 0)
    #expect(try Program("index", "query", index, "-k", "200", "--out", out).status == 0)
    let file = try HDF5File(reading: out)
    #expect(try file.shape(of: "neighbors") == [8, 200] && file.shape(of: "distances") == [8, 200])
    let (rows, distances) = (try file.readInts("neighbors"), try file.readFloats("distances"))
    #expect(rows.contains(-1) && zip(rows, distances).allSatisfy { ($0 == -1) == ($1 == .infinity) })
    #expect(distances.allSatisfy { $0 >= 0 })
    let times = try file.readFloats("times")
    #expect(times.count == 8 && times.allSatisfy { $0 > 0 && $0 < 60 })
    #expect(try file.stringAttribute("algo") == "forest" && file.stringAttribute("distance") == "hamming")
    #expect(try file.stringAttribute("dataset") == "h5py-hamming.hdf5")
    #expect(try file.stringAttribute("name")?.contains("n_trees=1") == true)
    #expect(try file.intAttribute("count") == 200 && file.intAttribute("batch_mode") == 0)
    let mean = try #require(try file.doubleAttribute("best_search_time"))
    #expect(abs(mean - times.reduce(0) { $0 + Double($1) } / 8) < 1e-6)
    let candidates = try #require(try file.doubleAttribute("candidates"))
    #expect(abs(candidates - Double(rows.count { $0 >= 0 }) / 8) < 1e-9)
    // Never more columns than rows to find.
    #expect(try Program("index", "query", index, "-k", "100000", "--out", out).status == 0)
    #expect(try HDF5File(reading: out).shape(of: "neighbors") == [8, 300])
  }

  /// Random rows, with inner products as distances, which grow with nearness.
  private func file(_ distance: String?) throws -> String {
    let path = folder.file("\(distance ?? "none").hdf5")
    let file = try HDF5File(creating: path)
    if let distance { try file.setAttribute("distance", distance) }
    var generator = SeededGenerator(seed: 4)
    func rows(_ count: Int) -> [[Float]] {
      (0..<count).map { _ in (0..<16).map { _ in Float(generator.uniform() - 0.5) } }
    }
    let (train, test) = (rows(400), rows(20))
    let nearest = test.map { query in
      train.enumerated().map { row, vector in (row: row, product: zip(query, vector).reduce(0) { $0 + $1.0 * $1.1 }) }
        .sorted { $0.product > $1.product }.prefix(3)
    }
    try file.write("train", floats: train.flatMap { $0 }, shape: [400, 16])
    try file.write("test", floats: test.flatMap { $0 }, shape: [20, 16])
    try file.write("neighbors", ints: nearest.flatMap { $0.map { Int64($0.row) } }, shape: [20, 3])
    try file.write("distances", floats: nearest.flatMap { $0.map(\.product) }, shape: [20, 3])
    try file.close()
    return path
  }

  @Test func distancesAreNeverGuessed() throws {
    let products = try Program(
      "index", "bench", file("ip"), "--index", "exact", "--index", "forest", "--param", "n_trees=1", "search_k=1",
      "-k", "3", "--runs", "1", "--json")
    #expect(try products.json["metric"] as? String == "dot")
    let found = try recalls(products, k: 3)
    #expect(found.count == 2 && found[0] == 1 && found[1] < 0.9, "\(found)")

    let path = try file("jaccard")
    for command in [["index", "bench", path], ["index", "build", path, "--out", folder.file("i")]] {
      let refused = try Program(command)
      #expect(refused.status == 65 && refused.errors.contains("'jaccard'") && refused.errors.contains("--metric"))
    }
    let forced = try Program("index", "bench", path, "--metric", "euclidean", "--index", "exact", "-k", "3", "--runs", "1", "--json")
    #expect(try recalls(forced, k: 3) == [1] && forced.json["metric"] as? String == "euclidean")
    let silent = try Program("index", "bench", file(nil), "--index", "exact", "-k", "3", "--runs", "1", "--json")
    #expect(try silent.status == 0 && silent.json["metric"] as? String == "angular", "\(silent.errors)")
  }
}
