import Basics
import Datasets
import Foundation
import HDF5
import Testing

/// Runs the built program as a user does: status, standard output and standard error apart.
@Suite struct CommandTests {
  private func ieum(_ arguments: String...) throws -> Program { try Program.run(arguments) }

  private func scratch(_ name: String) -> String { Program.scratch(name) }

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
}
