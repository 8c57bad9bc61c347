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

  @Test func compareTestsTwoEmbeddingFiles() throws {
    let paths = [scratch("a.h5"), scratch("b.h5"), scratch("c.h5")]
    defer { for path in paths { unlink(path) } }
    // Thirty items on a circle: the first file finds each one's partner, the second the one beside it.
    let circle = (0..<30).flatMap { i in [Float(cos(Double(i) / 5)), Float(sin(Double(i) / 5))] }
    let relevant = (0..<30).map { [$0] }
    let ids = (0..<30).map { "q\($0)" }
    try EmbeddingFile(queries: circle, gallery: circle, dimension: 2, relevant: relevant, queryIDs: ids)
      .write(to: paths[0])
    try EmbeddingFile(
      queries: Array(circle[2...] + circle[..<2]), gallery: circle, dimension: 2, relevant: relevant, queryIDs: ids
    ).write(to: paths[1])
    try EmbeddingFile(queries: circle, gallery: circle, dimension: 2, relevant: relevant, queryIDs: ids.reversed())
      .write(to: paths[2])
    let run = try ieum("compare", paths[0], paths[1], "--metric", "R@1", "--metric", "MedR", "--json")
    #expect(run.status == 0, "\(run.errors)")
    let json = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let entries = try #require(json["comparisons"] as? [[String: Any]])
    #expect(entries.map { $0["metric"] as? String } == ["R@1", "MedR"])
    #expect(entries[0]["difference"] as? Double == 100 && entries[0]["significant"] as? Bool == true)
    #expect(entries[0]["better"] as? Int == 30 && entries[0]["effectSize"] is NSNull)
    let p = try #require(entries[0]["randomisationP"] as? Double)
    let adjusted = try #require(entries[0]["randomisationPHolm"] as? Double)
    #expect(p > 0 && p < 0.001 && abs(adjusted - 2 * p) < 1e-12)
    #expect(try ieum("compare", paths[0], paths[1], "--seed", "3", "--json").output
      == ieum("compare", paths[0], paths[1], "--seed", "3", "--json").output)
    #expect(try ieum("compare", paths[0], paths[1]).output.contains("significant"))
    let other = try ieum("compare", paths[0], paths[2])
    #expect(other.status == 65 && other.errors.contains("query 0 is 'q0' here and 'q29' there"))
    #expect(try ieum("compare", paths[0], "/nowhere.h5").status == 65)
    #expect(try ieum("compare", paths[0]).status == 64)
    #expect(try ieum("compare", paths[0], paths[1], "--metric", "R@").status == 64)
  }

  @Test func mistakesHaveTheirStatus() throws {
    #expect(try ieum("eval", "/nowhere.h5").status == 65)
    #expect(try ieum("plan", "/nowhere.yaml").status == 65)
    #expect(try ieum("encode", "--encoder", "resnet81", "--out", scratch("x"), "a.png").status == 64)
    #expect(try ieum("nonsense").status == 64)
    #expect(try ieum("--help").status == 0)
  }
}
