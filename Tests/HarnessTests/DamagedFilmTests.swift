import Basics
import Datasets
import Foundation
import Harness
import Testing

/// A film that opens but cannot be decoded: known only when its turn comes, in the middle of a training.
@Suite struct DamagedFilmTests {
  /// Twelve films of coloured frames with a tone; of two the pictures are damaged, of one the file is cut short.
  private final class World {
    let folder = NSTemporaryDirectory() + "ieum-damaged-\(UUID().uuidString)"
    static let colours: [(String, [UInt8])] = [("red", [220, 30, 30]), ("green", [30, 200, 40]), ("blue", [40, 60, 220])]

    init() throws {
      var rows = ["id,text,video,split"]
      for item in 0..<12 {
        let split = item < 7 ? "train" : item < 10 ? "validation" : "test"
        let (name, colour) = Self.colours[item % 3]
        let path = "\(folder)/\(item).mp4"
        try film(path, colour, shade: UInt8(item))
        if item == 2 || item == 11 { try Self.damage(path) }
        if item == 5 {
          let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
          try bytes.prefix(bytes.count / 3).write(to: URL(fileURLWithPath: path))
        }
        rows.append("i\(item),a \(name) thing number \(item),\(item).mp4,\(split)")
      }
      try AtomicFile.write(rows.joined(separator: "\n") + "\n", to: folder + "/data.csv")
      let words = (Self.colours.map(\.0) + ["thing", "number"]).enumerated().map { place, word in
        ([word] + (0..<5).map { $0 == place ? "1.0" : "0.0" }).joined(separator: " ")
      }
      try AtomicFile.write(words.joined(separator: "\n") + "\n", to: folder + "/words.txt")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func film(_ path: String, _ colour: [UInt8], shade: UInt8) throws {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      var video = MediaWriter.Video(width: 64, height: 64, ticksPerSecond: 10)
      video.options = "preset=ultrafast:crf=20"
      let writer = try MediaWriter(path, video: video)
      for time in 0..<10 {
        let pixels = (0..<64 * 64).flatMap { place in colour.map { $0 &+ shade &+ UInt8((place + time) % 16) } }
        try writer.append(RGBImage(width: 64, height: 64, pixels: pixels), at: time)
      }
      try writer.finish()
    }

    /// Fills the coded pictures with ones and leaves the file's tables as they are.
    private static func damage(_ path: String) throws {
      var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      let name = Array("mdat".utf8)
      let start = try #require(bytes.indices.dropLast(8).first { Array(bytes[$0..<$0 + 4]) == name })
      let length = bytes[start - 4..<start].reduce(0) { $0 << 8 | Int($1) }
      for place in start + 4..<start - 4 + length { bytes[place] = 0xFF }
      try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    func run(_ base: String, rows: String) throws -> (results: [String: CellResult], outcome: SweepRunner.Outcome) {
      let path = folder + "/experiment.yaml"
      try AtomicFile.write(
        """
        experiment: damaged
        base:
          dataset: {name: manifest, root: \(folder)/data.csv}
        \(base)
          evaluation: {metrics: [R@1, R@2]}
        sweep:
          - table: rows
            rows:
        \(rows)

        """, to: path)
      let cache = Cache(environment: ["IEUM_CACHE": folder + "/cache"])
      let sweep = SweepRunner(try Experiment.load(path), bench: Workbench(cache: cache))
      let outcome = try sweep.run(only: nil, jobs: 1, results: folder + "/results") { index, count in
        do {
          try SweepRunner(Experiment.load(path), bench: Workbench(cache: cache)).work(only: nil, index: index, count: count)
          return 0
        } catch { return 1 }
      }
      let cells = try Report.cells(in: folder + "/results")
      return (Dictionary(cells.map { ($0.row, $0) }, uniquingKeysWith: { $1 }), outcome)
    }

    /// A column of a cell's log.
    func column(_ name: String, of cell: CellResult) throws -> [String] {
      let lines = try String(contentsOfFile: "\(folder)/results/cells/\(cell.id)/train.csv", encoding: .utf8)
        .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
      let place = try #require(lines.first?.firstIndex(of: name), "\(lines.first ?? [])")
      return lines.dropFirst().map { $0[place] }
    }
  }

  private func check(_ result: CellResult, _ row: String) {
    #expect(result.skipped.keys.sorted() == ["manifest/i11", "manifest/i2", "manifest/i5"], "\(row): \(result.skipped)")
    #expect(result.skipped.values.allSatisfy { !$0.isEmpty && !$0.contains(".mp4") }, "\(result.skipped)")
    #expect(result.skippedItems == 3 && result.status == .ok)
    // The damaged test film stays in the gallery, and its text is a miss.
    #expect(result.queries == 2 && result.gallery == 2 && (result.metrics["R@2"]?.first ?? 0) == 100)
    #expect((result.metrics["R@1"]?.first ?? 100) <= 50 && result.chance["R@1"] == 50)
    #expect(result.notes.contains { $0.contains("3 item(s) could not be decoded") }, "\(result.notes)")
  }

  @Test func leaveTheirBatchesOfATraining() throws {
    let world = try World()
    let (results, outcome) = try world.run(
      """
        task: towers
        sources: {captions: {pair: image-text}}
        text: {encoder: text-cnn, weights: \(world.folder)/words.txt, parameters: {length: 4, kernels: "1", filters: 8}}
        image: {encoder: resnet18, weights: random, seed: 1, train: true, parameters: {frames: 2}}
        model: {name: dual-encoder, parameters: {hidden: 16, outputDimension: 8}}
        loss: {name: sum-hinge}
        training: {epochs: 2, batchSize: 3, learningRate: 0.001}
      """,
      rows: """
              alone: {training: {workers: 0}}
              ahead: {training: {workers: 2}}
              pooled: {training: {frames: all, epochs: 1, workers: 2}}
              stored: {image: {encoder: resnet18, weights: random, seed: 1, train: false, parameters: {frames: 2}}}
        """)
    #expect(outcome.failed.isEmpty, "\(outcome.failed)")
    for (row, result) in results {
      check(result, row)
      #expect(result.directions.first?.gallery == Completeness(listed: 2, found: 1, missing: ["i11"]), "\(row)")
    }
    #expect(results["stored"]?.sources["captions"] == Completeness(listed: 7, found: 5, missing: ["i2", "i5"]))
    let (alone, ahead) = (try #require(results["alone"]), try #require(results["ahead"]))
    // Six training films open and fill the two batches of an epoch; one of them leaves its batch.
    #expect(try world.column("skipped_rows", of: alone) == ["1", "1"])
    // What leaves a batch does not depend on who was first.
    #expect(try world.column("train_loss", of: alone) == world.column("train_loss", of: ahead))
    #expect(alone.metrics == ahead.metrics)
    // Films are counted once: the numbers lie in the cache.
    let counts = "\(world.folder)/cache/counts"
    let file = try #require(try FileManager.default.contentsOfDirectory(atPath: counts).first { $0.hasSuffix(".json") })
    let known = try JSONDecoder().decode([String: Int].self, from: Data(contentsOf: URL(fileURLWithPath: "\(counts)/\(file)")))
    #expect(known.count == 11 && known["i2"] == 2 && known["i5"] == nil)
  }

  @Test func areMissesOfClips() throws {
    let world = try World()
    let (results, outcome) = try world.run(
      """
        task: clips
        image: {encoder: vit-b-32, parameters: {side: 16, patch: 8, width: 64, layers: 1, dimension: 64, frames: 2}}
        text: {encoder: clip-text, parameters: {width: 64, layers: 1, vocabulary: 560, words: 16}}
        model: {name: clip4clip}
        training: {epochs: 1, batchSize: 3, learningRate: 0.001}
      """, rows: "      one: {}\n      tight: {model: {parameters: {head: tight, layers: 1}}}")
    #expect(outcome.failed.isEmpty, "\(outcome.failed)")
    for (row, result) in results { check(result, row) }
    #expect(results.count == 2)
  }
}
