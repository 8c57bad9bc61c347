import Basics
import Datasets
import Foundation
import HDF5
import Testing

/// Runs the built program as a user does: status, standard output and standard error apart.
@Suite struct CommandTests {
  private struct Run {
    let status: Int32
    let output: String
    let errors: String
  }

  private func ieum(_ arguments: String...) throws -> Run {
    let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/ieum"
    let (output, errors) = (scratch("out"), scratch("err"))
    defer { for path in [output, errors] { unlink(path) } }
    for path in [output, errors] { try AtomicFile.write("", to: path) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    process.waitUntilExit()
    return Run(
      status: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
      errors: try String(contentsOfFile: errors, encoding: .utf8))
  }

  private func scratch(_ name: String) -> String { NSTemporaryDirectory() + "ieum-\(UUID().uuidString)-\(name)" }

  @Test func evalPrintsTheMetricsOfAnEmbeddingFile() throws {
    let path = scratch("e.h5")
    defer { unlink(path) }
    // Query 0 finds its partner first, query 1 second.
    try EmbeddingFile(
      queries: [1, 0, 1, 0.1], gallery: [1, 0, 0, 1], dimension: 2, relevant: [[0], [1]]
    ).write(to: path)
    let run = try ieum("eval", path, "--metric", "R@1", "--metric", "MedR", "--json")
    #expect(run.status == 0)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    #expect(json["R@1"] as? Double == 50 && json["MedR"] as? Double == 1.5)
    #expect(json["queries"] as? Int == 2 && json["gallery"] as? Int == 2)
    #expect(try ieum("eval", path, "--metric", "R@0").status == 64)
    #expect(try ieum("eval", path, "--similarity", "cosin").errors.contains("'cosine'"))
  }

  @Test func lossWritesValueAndGradients() throws {
    let (input, out) = (scratch("t.h5"), scratch("g.h5"))
    defer { for path in [input, out] { unlink(path) } }
    let file = try HDF5File(creating: input)
    try file.write("anchors", floats: [0, 0], shape: [1, 2])
    try file.write("positives", floats: [1, 0], shape: [1, 2])
    try file.write("negatives", floats: [0, 1], shape: [1, 2])
    try file.close()
    let run = try ieum("loss", "triplet", "--input", input, "--out", out, "--json")
    #expect(run.status == 0)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Double])
    #expect(abs((json["loss"] ?? 0) - 0.2) < 1e-9)
    #expect(try HDF5File(reading: out).readFloats("grad/positives") == [1, 0])
    #expect(try ieum("loss", "tripplet", "--input", input).status == 64)
    #expect(try ieum("loss", "triplet", "--input", input, "--param", "margn=1").status == 64)
  }

  @Test func mistakesHaveTheirStatus() throws {
    #expect(try ieum("eval", "/nowhere.h5").status == 65)
    #expect(try ieum("plan", "/nowhere.yaml").status == 65)
    #expect(try ieum("encode", "--encoder", "resnet81", "--out", scratch("x"), "a.png").status == 64)
    #expect(try ieum("nonsense").status == 64)
    #expect(try ieum("--help").status == 0)
  }

  @Test func indexIsBuiltQueriedAndMeasured() throws {
    let (path, folder, found) = (scratch("v.h5"), scratch("index"), scratch("n.h5"))
    defer { for path in [path, folder, found] { try? FileManager.default.removeItem(atPath: path) } }
    try EmbeddingFile(
      queries: [1, 0.1, 0.1, 1], gallery: [0, 1, 1, 0, -1, 0], dimension: 2, relevant: [[1], [0]],
      galleryIDs: ["up", "right", "left"]
    ).write(to: path)
    #expect(try ieum("index", "build", path, "--index", "forest", "--param", "n_trees=2", "seed=3", "--out", folder).status == 0)
    let query = try ieum("index", "query", folder, "--id", "right", "-k", "2", "--json")
    let answers = try #require(try JSONSerialization.jsonObject(with: Data(query.output.utf8)) as? [[String: Any]])
    let neighbors = try #require(answers.first?["neighbors"] as? [[String: Any]])
    #expect(neighbors.map { $0["id"] as? String } == ["right", "up"] && neighbors[0]["distance"] as? Double == 0)
    #expect(try ieum("index", "query", folder, "-k", "1", "--out", found).status == 0)
    #expect(try HDF5File(reading: found).readInts("neighbors") == [1, 0])

    let bench = try ieum("index", "bench", path, "--index", "exact", "--index", "forest", "-k", "1", "--runs", "1", "--json")
    let json = try #require(try JSONSerialization.jsonObject(with: Data(bench.output.utf8)) as? [String: Any])
    let results = try #require(json["results"] as? [[String: Any]])
    #expect(results[0]["annRecall@1"] as? Double == 1 && results[0]["qps"] as? Double ?? 0 > 0)
    #expect((results[0]["retrieval"] as? [String: Double])?["R@1"] == 100)
    #expect(try ieum("index", "build", path, "--index", "forrest", "--out", folder).status == 64)
    #expect(try ieum("index", "build", path, "--index", "forest", "--param", "trees=2", "--out", folder).status == 64)
    #expect(try ieum("index", "query", folder, "--id", "down").status == 65)
    #expect(try ieum("index", "query", "/nowhere").status == 65)
  }
}
