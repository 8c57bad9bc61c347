import Basics
import Datasets
import Foundation
import Harness
import Testing

/// The same items trained and evaluated on: refused, or marked.
@Suite struct LeakGuardTests {
  /// Sixty clips of MSR-VTT with stored features; half of 1k-A's test clips are among those that 1k-B trains on.
  private final class World {
    let folder = NSTemporaryDirectory() + "ieum-guard-\(UUID().uuidString)"

    init() throws {
      let ids = (0..<60).map { "video\($0)" }
      let sentences = ids.map { "{\"video_id\": \"\($0)\", \"caption\": \"clip \($0)\"}" }
      try write("{\"sentences\": [\(sentences.joined(separator: ","))]}", "MSRVTT_data.json")
      try write("key,vid_key,video_id,sentence\n" + ids[50...].map { "r,m,\($0),clip \($0)\n" }.joined(), "MSRVTT_JSFUSION_test.csv")
      try write((ids[0..<30] + ids[50..<55]).map { $0 + "\n" }.joined(), "train_list_miech.txt")
      try write(ids[40..<50].map { $0 + "\n" }.joined(), "test_list_miech.txt")
      var generator = SeededGenerator(seed: 3)
      for (name, modality) in [("image", FeatureAttributes.Modality.image), ("text", .text)] {
        let writer = try FeatureWriter(
          "\(folder)/\(name).h5",
          attributes: FeatureAttributes(
            modality: modality, dataset: "msrvtt", datasetDigest: "", encoder: "made", encoderDigest: name, dimension: 4))
        try writer.append(ids, features: (0..<240).map { _ in Float(generator.uniform()) })
        try writer.finish(order: ids)
      }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func write(_ text: String, _ name: String) throws { try AtomicFile.write(text, to: "\(folder)/\(name)") }

    func experiment(train: String, options: String = "") throws -> Experiment {
      try write(
        """
        experiment: guard
        base:
          task: towers
          dataset: {name: msrvtt, root: \(folder), options: {split: 1kA-9k, holdOut: 5, acceptOtherData: true\(options)}}
          sources:
            captions:
              pair: image-text
              dataset: {name: msrvtt, root: \(folder), options: {split: \(train), holdOut: 5, acceptOtherData: true}}
          text: {encoder: stored, weights: \(folder)/text.h5}
          image: {encoder: stored, weights: \(folder)/image.h5}
          model: {name: dual-encoder, parameters: {hidden: 8, outputDimension: 4}}
          loss: {name: sum-hinge}
          training: {epochs: 1, batchSize: 8}
          evaluation: {metrics: [R@1]}
        sweep:
          - {table: rows, rows: {one: {}}}

        """, "experiment.yaml")
      return try Experiment.load(folder + "/experiment.yaml")
    }

    var bench: Workbench { Workbench(cache: Cache(environment: ["IEUM_CACHE": folder + "/cache"])) }

    func run(_ experiment: Experiment) throws -> CellResult? {
      let bench = Cache(environment: ["IEUM_CACHE": folder + "/cache"])
      _ = try SweepRunner(experiment, bench: Workbench(cache: bench)).run(only: nil, jobs: 1, results: folder + "/results") {
        index, count in
        do {
          try SweepRunner(experiment, bench: Workbench(cache: bench)).work(only: nil, index: index, count: count)
          return 0
        } catch { return 1 }
      }
      return try Report.cells(in: folder + "/results").first
    }
  }

  @Test func anotherSplitThatHoldsTestClipsIsRefused() throws {
    let world = try World()
    let leaky = try world.experiment(train: "1kB")
    do {
      _ = try world.run(leaky)
      Issue.record("trained on test clips")
    } catch let error as IeumError {
      #expect(error.exitCode == 65 && error.description.contains("msrvtt/1kB-hold5s2022 (trained on) and msrvtt/1kA-9k-hold5s2022 (test)"))
      #expect(error.problem.contains("(id)") && error.remedy?.contains("allowLeakage") == true, "\(error)")
    }
    #expect(!FileManager.default.fileExists(atPath: world.folder + "/cache/runs"))
    let plan = try Plan(leaky, bench: world.bench)
    #expect(plan.cells.map(\.state) == ["refused"] && plan.text.contains("allowLeakage"), "\(plan.text)")
  }

  @Test func allowedItIsMarkedInTheResult() throws {
    let world = try World()
    let result = try #require(try world.run(world.experiment(train: "1kB", options: ", allowLeakage: true")))
    let shared = try #require(result.evaluated?.leakage.first { $0.key.hasPrefix("train+test in msrvtt/1kB") })
    #expect(result.status == .ok && (1...5).contains(shared.value), "\(result.evaluated as Any)")
    #expect(result.notes.contains { $0.contains("LEAKAGE: \(shared.value) items in both of train+test") }, "\(result.notes)")
    // 1k-A's own training part shares nothing with its test part.
    let clean = try #require(try world.run(world.experiment(train: "1kA-9k")))
    #expect(clean.status == .ok && clean.evaluated?.leakage == [:])
  }

  @Test func aManifestWithOneFilmOnTwoSidesIsRefused() throws {
    let world = try World()
    let rows = (0..<60).map { "video\($0),clip \($0),\($0 == 59 ? 3 : $0).mp4,\($0 < 40 ? "train" : $0 < 50 ? "validation" : "test")\n" }
    try world.write("id,text,video,split\n" + rows.joined(), "data.csv")
    func experiment(_ options: String) throws -> Experiment {
      _ = try world.experiment(train: "1kB")
      let text = try String(contentsOfFile: world.folder + "/experiment.yaml", encoding: .utf8)
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
        if line.hasPrefix("  dataset:") { return "  dataset: {name: manifest, root: \(world.folder)/data.csv\(options)}" }
        return line.contains("dataset: {name: msrvtt") ? "" : String(line)
      }
      try world.write(lines.joined(separator: "\n"), "manifest.yaml")
      return try Experiment.load(world.folder + "/manifest.yaml")
    }
    do {
      _ = try world.run(experiment(""))
      Issue.record("trained on a film that is tested")
    } catch let error as IeumError {
      #expect(error.problem.contains("video3 and video59 (video file ") && error.exitCode == 65, "\(error)")
    }
    let result = try #require(try world.run(experiment(", options: {allowLeakage: true}")))
    #expect(result.evaluated?.leakage == ["train+test": 1])
  }
}
