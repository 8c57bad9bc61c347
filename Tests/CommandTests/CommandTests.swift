import Basics
import Datasets
import Foundation
import HDF5
import Testing

/// The commands as a user runs them.
@Suite struct CommandTests {
  @Test func evalPrintsTheMetricsOfAnEmbeddingFile() throws {
    let path = Program.scratch("e.h5")
    defer { unlink(path) }
    // Query 0 finds its partner first, query 1 second.
    try EmbeddingFile(
      queries: [1, 0, 1, 0.1], gallery: [1, 0, 0, 1], dimension: 2, relevant: [[0], [1]]
    ).write(to: path)
    let run = try Program("eval", path, "--metric", "R@1", "--metric", "MedR", "--json")
    #expect(run.status == 0)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    #expect(json["R@1"] as? Double == 50 && json["MedR"] as? Double == 1.5)
    #expect(json["queries"] as? Int == 2 && json["gallery"] as? Int == 2)
    #expect(try Program("eval", path, "--metric", "R@0").status == 64)
    #expect(try Program("eval", path, "--similarity", "cosin").errors.contains("'cosine'"))
  }

  @Test func lossWritesValueAndGradients() throws {
    let (input, out) = (Program.scratch("t.h5"), Program.scratch("g.h5"))
    defer { for path in [input, out] { unlink(path) } }
    let file = try HDF5File(creating: input)
    try file.write("anchors", floats: [0, 0], shape: [1, 2])
    try file.write("positives", floats: [1, 0], shape: [1, 2])
    try file.write("negatives", floats: [0, 1], shape: [1, 2])
    try file.close()
    let run = try Program("loss", "triplet", "--input", input, "--out", out, "--json")
    #expect(run.status == 0)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Double])
    #expect(abs((json["loss"] ?? 0) - 0.2) < 1e-9)
    #expect(try HDF5File(reading: out).readFloats("grad/positives") == [1, 0])
    #expect(try Program("loss", "tripplet", "--input", input).status == 64)
    #expect(try Program("loss", "triplet", "--input", input, "--param", "margn=1").status == 64)
  }

  /// The compiled encoder on a CPU that has no AVX-512, and in both precisions.
  @Test func encodersAgreeAcrossInstructionSetsAndPrecisions() throws {
    let picture = Program.scratch("picture.svg")
    let plain = "<svg xmlns='http://www.w3.org/2000/svg' width='300' height='260'>"
      + "<rect width='300' height='260' fill='#fd9'/><circle cx='120' cy='90' r='70' fill='#25a'/></svg>"
    try AtomicFile.write(plain, to: picture)
    var files: [String] = []
    defer { for path in files + [picture] { unlink(path) } }
    func features(_ encoder: String, _ precision: String, _ environment: [String: String] = [:]) throws -> FeatureFile {
      let out = Program.scratch("f.h5")
      files.append(out)
      let run = try Program.run(
        ["encode", "--encoder", encoder, "--precision", precision, "--out", out, picture], environment: environment)
      #expect(run.status == 0)
      #expect(!run.errors.contains("operator by operator") || precision == "bf16", "\(run.errors)")
      return try FeatureFile.read(out)
    }
    for encoder in ["efficientnet-b0", "inception-v3"] {
      let full = try features(encoder, "f32")
      let narrow = try features(encoder, "f32", ["ONEDNN_MAX_CPU_ISA": "AVX2"])
      let half = try features(encoder, "bf16")
      let expected = try full.matrix(of: [picture])
      #expect(distance(try narrow.matrix(of: [picture]), expected) < 1e-4)
      #expect(distance(try half.matrix(of: [picture]), expected) < 0.05)
      #expect(narrow.attributes.encoderDigest == full.attributes.encoderDigest)
      #expect(half.attributes.encoderDigest != full.attributes.encoderDigest)
    }
    #expect(try Program("encode", "--encoder", "resnet18", "--precision", "f8", "--out", Program.scratch("x"), picture).status == 64)
  }

  private func distance(_ a: [Float], _ b: [Float]) -> Float {
    let difference = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (difference / b.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }

  @Test func compareTestsTwoEmbeddingFiles() throws {
    let paths = [Program.scratch("a.h5"), Program.scratch("b.h5"), Program.scratch("c.h5")]
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
    let run = try Program("compare", paths[0], paths[1], "--metric", "R@1", "--metric", "MedR", "--json")
    #expect(run.status == 0, "\(run.errors)")
    let json = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let entries = try #require(json["comparisons"] as? [[String: Any]])
    #expect(entries.map { $0["metric"] as? String } == ["R@1", "MedR"])
    #expect(entries[0]["difference"] as? Double == 100 && entries[0]["significant"] as? Bool == true)
    #expect(entries[0]["better"] as? Int == 30 && entries[0]["effectSize"] is NSNull)
    let p = try #require(entries[0]["randomisationP"] as? Double)
    let adjusted = try #require(entries[0]["randomisationPHolm"] as? Double)
    #expect(p > 0 && p < 0.001 && abs(adjusted - 2 * p) < 1e-12)
    #expect(try Program("compare", paths[0], paths[1], "--seed", "3", "--json").output
      == Program("compare", paths[0], paths[1], "--seed", "3", "--json").output)
    #expect(try Program("compare", paths[0], paths[1]).output.contains("significant"))
    let other = try Program("compare", paths[0], paths[2])
    #expect(other.status == 65 && other.errors.contains("query 0 is 'q0' here and 'q29' there"))
    #expect(try Program("compare", paths[0], "/nowhere.h5").status == 65)
    #expect(try Program("compare", paths[0]).status == 64)
    #expect(try Program("compare", paths[0], paths[1], "--metric", "R@").status == 64)
  }

  @Test func mistakesHaveTheirStatus() throws {
    #expect(try Program("eval", "/nowhere.h5").status == 65)
    #expect(try Program("plan", "/nowhere.yaml").status == 65)
    #expect(try Program("encode", "--encoder", "resnet81", "--out", Program.scratch("x"), "a.png").status == 64)
    #expect(try Program("nonsense").status == 64)
    #expect(try Program("--help").status == 0)
  }

  @Test func indexIsBuiltQueriedAndMeasured() throws {
    let (path, folder, found) = (Program.scratch("v.h5"), Program.scratch("index"), Program.scratch("n.h5"))
    defer { for path in [path, folder, found] { try? FileManager.default.removeItem(atPath: path) } }
    try EmbeddingFile(
      queries: [1, 0.1, 0.1, 1], gallery: [0, 1, 1, 0, -1, 0], dimension: 2, relevant: [[1], [0]],
      galleryIDs: ["up", "right", "left"]
    ).write(to: path)
    #expect(try Program("index", "build", path, "--index", "forest", "--param", "n_trees=2", "seed=3", "--out", folder).status == 0)
    let query = try Program("index", "query", folder, "--id", "right", "-k", "2", "--json")
    let answers = try #require(try JSONSerialization.jsonObject(with: Data(query.output.utf8)) as? [[String: Any]])
    let neighbors = try #require(answers.first?["neighbors"] as? [[String: Any]])
    #expect(neighbors.map { $0["id"] as? String } == ["right", "up"] && neighbors[0]["distance"] as? Double == 0)
    #expect(try Program("index", "query", folder, "-k", "1", "--out", found).status == 0)
    #expect(try HDF5File(reading: found).readInts("neighbors") == [1, 0])

    let bench = try Program("index", "bench", path, "--index", "exact", "--index", "forest", "-k", "1", "--runs", "1", "--json")
    let json = try #require(try JSONSerialization.jsonObject(with: Data(bench.output.utf8)) as? [String: Any])
    let results = try #require(json["results"] as? [[String: Any]])
    #expect(results[0]["annRecall@1"] as? Double == 1 && results[0]["qps"] as? Double ?? 0 > 0)
    #expect((results[0]["retrieval"] as? [String: Double])?["R@1"] == 100)
    #expect(try Program("index", "build", path, "--index", "forrest", "--out", folder).status == 64)
    #expect(try Program("index", "build", path, "--index", "forest", "--param", "trees=2", "--out", folder).status == 64)
    #expect(try Program("index", "query", folder, "--id", "down").status == 65)
    #expect(try Program("index", "query", "/nowhere").status == 65)
  }
}
