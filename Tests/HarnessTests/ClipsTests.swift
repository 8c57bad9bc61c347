import Basics
import Datasets
import Foundation
import Harness
import Models
import Tensors
import Testing
import Weights

/// CLIP4Clip by experiment files, on drawn pictures: colour and shape as the caption says.
@Suite struct ClipsTests {
  /// Sixty pictures of four colours and three shapes; every third item has two of them.
  final class World {
    let folder = NSTemporaryDirectory() + "ieum-clips-\(UUID().uuidString)"
    private static let colours = ["red", "green", "blue", "black"]
    private static let shapes = ["circle", "square", "star"]

    init() throws {
      var rows = ["id,text,images,split"]
      for item in 0..<60 {
        let (colour, shape) = (item % 4, item / 4 % 3)
        let split = item < 36 ? "train" : item < 48 ? "validation" : "test"
        let views = item % 3 == 0 ? ["a", "b"] : ["a"]
        for (number, view) in views.enumerated() {
          try AtomicFile.write(Self.picture(colour, shape, size: 12 + (item + 7 * number) % 16), to: "\(folder)/\(item)\(view).svg")
        }
        let images = views.map { "\(item)\($0).svg" }.joined(separator: ";")
        rows.append("i\(item),a \(Self.colours[colour]) \(Self.shapes[shape]) of size \(item),\(images),\(split)")
      }
      try AtomicFile.write(rows.joined(separator: "\n") + "\n", to: folder + "/data.csv")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private static func picture(_ colour: Int, _ shape: Int, size: Int) -> String {
      let form = [
        "<circle cx='32' cy='32' r='\(size)' fill='\(colours[colour])'/>",
        "<rect x='\(32 - size)' y='\(32 - size)' width='\(2 * size)' height='\(2 * size)' fill='\(colours[colour])'/>",
        "<polygon points='32,2 40,60 2,\(size) 62,\(size) 20,60' fill='\(colours[colour])'/>",
      ][shape]
      return "<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'>\(form)</svg>"
    }

    func experiment(_ rows: String, report: String = "") throws -> String {
      let path = folder + "/experiment.yaml"
      try AtomicFile.write(
        """
        experiment: clips-world
        base:
          task: clips
          # The same drawings are on both sides.
          dataset: {name: manifest, root: \(folder)/data.csv, options: {allowLeakage: true}}
          image: {encoder: vit-b-32, parameters: {side: 16, patch: 8, width: 64, layers: 1, dimension: 64, frames: 2}}
          text: {encoder: clip-text, parameters: {width: 64, layers: 1, vocabulary: 560, words: 16}}
          model: {name: clip4clip}
          training:
            {epochs: 12, batchSize: 12, learningRate: 0.003, patience: 12, workers: 0, recipe: {towerFactor: 1}}
          evaluation: {metrics: [R@1, R@5, MedR], directions: [t2v, v2t-flat]}
          seeds: [1]
        sweep:
          - table: rows
            rows:
        \(rows)
        \(report)

        """, to: path)
      return path
    }

    func run(_ path: String, overrides: [String] = []) throws -> (results: [String: CellResult], outcome: SweepRunner.Outcome) {
      let cache = Cache(environment: ["IEUM_CACHE": folder + "/cache"])
      let sweep = SweepRunner(try Experiment.load(path, overrides: overrides), bench: Workbench(cache: cache))
      let outcome = try sweep.run(only: nil, jobs: 1, results: folder + "/results") { index, count in
        do {
          let own = try Experiment.load(path, overrides: overrides)
          try SweepRunner(own, bench: Workbench(cache: cache)).work(only: nil, index: index, count: count)
          return 0
        } catch { return 1 }
      }
      let cells = try Report.cells(in: folder + "/results")
      return (Dictionary(cells.map { ($0.row, $0) }, uniquingKeysWith: { $1 }), outcome)
    }

    var checkpoints: [String] {
      let runs = folder + "/cache/runs"
      return ((try? FileManager.default.contentsOfDirectory(atPath: runs)) ?? []).sorted()
        .map { "\(runs)/\($0)/checkpoint.safetensors" }.filter { FileManager.default.fileExists(atPath: $0) }
    }
  }

  @Test func headsAreTrainedAndRanked() throws {
    let world = try World()
    let path = try world.experiment(
      """
            meanP: {}
            meanP again: {evaluation: {metrics: [R@5]}}
            parts: {training: {augment: {crop: 0.8, colour: 0.05, words: 0.1}, precision: bf16, recipe: {microBatch: 5, checkpointing: true}}}
            seqTransf: {model: {parameters: {head: seqTransf, layers: 1}}}
            tight: {model: {parameters: {head: tight, layers: 1}}}
      """)
    let (results, outcome) = try world.run(path)
    #expect(outcome.computed == 5 && outcome.failed.isEmpty, "\(outcome.failed)")
    for (row, result) in results where row != "tight" {
      let recall = try #require(result.metrics["R@5"]?.first)
      // Twelve clips to find one of; the colour alone leaves three.
      #expect(recall > 60 && result.queries == 12 && result.gallery == 12, "\(row): \(recall)")
      #expect(abs((result.chance["R@5"] ?? 0) - 500.0 / 12) < 1e-9)
    }
    #expect(results["meanP"]?.metrics["v2t-flat R@5"] != nil)
    #expect((results["tight"]?.metrics["R@5"]?.first ?? 0) > 0)
    // The second row differs in its evaluation alone.
    #expect(world.checkpoints.count == 4)
    #expect(results["meanP"]?.metrics["R@5"] == results["meanP again"]?.metrics["R@5"])
    #expect(results["meanP"]?.notes.contains { $0.contains("random weights, not CLIP's") } == true)
    let again = try world.run(path)
    #expect(again.outcome.cached == 5 && again.outcome.computed == 0)
    try encodesWith(try #require(world.checkpoints.first), in: world)
  }

  /// An image encoder's features, extracted on the way, are learnt from beside the pairs.
  @Test func aFrozenEncoderTeaches() throws {
    let world = try World()
    let weights = world.folder + "/resnet18.safetensors"
    var generator = SeededGenerator(seed: 7)
    try Safetensors.write(ImageEncoderRegistry.named("resnet18").make(&generator).state(), metadata: [:], to: weights)
    let path = try world.experiment(
      """
            alone: {}
            taught: {training: {distill: {encoder: resnet18, weights: \(weights), weight: 20}}}
            off: {training: {distill: {encoder: resnet18, weights: \(weights), weight: 0}}}
      """)
    let (results, outcome) = try world.run(path)
    #expect(outcome.computed == 3 && outcome.failed.isEmpty, "\(outcome.failed)")
    func losses(_ row: String) throws -> [Double] {
      let folder = try #require(results[row]?.id)
      let log = try String(contentsOfFile: "\(world.folder)/results/cells/\(folder)/train.csv", encoding: .utf8)
      return log.split(separator: "\n").dropFirst().compactMap { Double($0.split(separator: ",")[1]) }
    }
    let (alone, taught) = (try losses("alone"), try losses("taught"))
    #expect(taught[0] > alone[0] + 5)
    #expect(try losses("off") == alone)
    #expect(taught[taught.count - 1] < 0.6 * taught[0], "\(taught)")
    #expect(try results["taught"]?.digests.teacherWeights == Digest.ofFile(weights))
    #expect(results["alone"]?.digests.teacherWeights == nil)
    #expect(results["taught"]?.notes.contains { $0.contains("taught by the features of resnet18") } == true)
    #expect(try world.run(path).outcome.cached == 3)
  }

  /// Examples are shown of clips too, wherever text to clip stands among the directions, and scored as they were ranked.
  @Test func examplesShowWhatTextsFound() throws {
    let world = try World()
    let rows = """
            meanP: {}
            tight: {model: {parameters: {head: tight, layers: 1}}, evaluation: {directions: [v2t-flat, t2v]}}
      """
    for row in ["meanP", "tight"] {
      let path = try world.experiment(
        rows, report: "report: {examples: {from: rows, row: \(row), queries: [i50, a black star of size 59], worst: 2}}")
      let outcome = try world.run(path, overrides: ["training.epochs=2"]).outcome
      #expect(outcome.failed.isEmpty, "\(outcome.failed)")
      let examples = try #require(try Examples.read(world.folder + "/results"))
      #expect(examples.title == "\(row), seed 1" && examples.gallery == 12)
      #expect(examples.queries.map(\.isWorst) == [false, false, true, true])
      #expect(examples.queries.prefix(2).map(\.id) == ["i50#0", "i59#0"])
      #expect(examples.queries[0].text == "a blue circle of size 50")
      for query in examples.queries {
        #expect(query.hits.count == 5 && (1...12).contains(query.rank))
        #expect(zip(query.hits, query.hits.dropFirst()).allSatisfy { $0.score >= $1.score })
        // Ranks and hits tell the same story.
        let place = query.hits.firstIndex { $0.isRelevant }.map { Double($0 + 1) }
        #expect(place.map { abs($0 - query.rank) < 1 } ?? (query.rank > 4), "\(row): \(query)")
        for hit in query.hits {
          let name = try #require(hit.thumbnail)
          let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(world.folder)/results/examples/\(name)"))
          #expect(bytes.starts(with: [0xFF, 0xD8]) && hit.caption.hasPrefix("a "))
        }
      }
    }
  }

  @Test func examplesOfCellsWithoutAnyAreRefused() throws {
    let world = try World()
    let report = "report: {examples: {from: rows, row: one}}"
    let other = try world.experiment("      one: {evaluation: {directions: [v2t-flat]}}", report: report)
    #expect { try world.run(other) } throws: {
      let told = "\($0)"
      return ($0 as? IeumError)?.exitCode == 64 && told.contains("ranks no clips by texts") && told.contains("t2v")
    }
    #expect(throws: Never.self) { try Experiment.load(world.experiment("      one: {}", report: report)).reportSpec() }
  }

  /// What was trained can be used: both towers out of the checkpoint, the vocabulary beside it.
  private func encodesWith(_ checkpoint: String, in world: World) throws {
    let cache = Cache(environment: ["IEUM_CACHE": world.folder + "/cache"])
    var text = LooseEncoder.Request(encoder: "clip-text")
    text.weights = checkpoint
    let rows = try LooseEncoder(text, cache: cache).sentences(
      [(id: "1", text: "a red circle"), (id: "2", text: "a blue star")], to: world.folder + "/texts.h5")
    #expect(rows.dimension == 64 && rows.ids.count == 2)
    var image = LooseEncoder.Request(encoder: "vit-b-32")
    image.weights = checkpoint
    let pictures = try LooseEncoder(image, cache: cache).pictures(
      [world.folder + "/0a.svg"], to: world.folder + "/images.h5")
    #expect(pictures.dimension == 64 && pictures.errors.isEmpty)
  }

  private func message(_ overrides: [String]) throws -> String {
    let world = try World()
    let path = try world.experiment("      one: {}")
    do {
      return try world.run(path, overrides: overrides).outcome.failed.map(\.reason).joined(separator: "\n")
    } catch { return "\(error)" }
  }

  @Test func settingsThatDoNotFitAreRefused() throws {
    #expect(try message(["model.name=text-image"]).contains("clip4clip"))
    #expect(try message(["model.parameters.head=meanQ"]).contains("meanQ"))
    #expect(try message(["image.encoder=resnet18"]).contains("vit-b-32"))
    #expect(try message(["image.parameters.width=60"]).contains("multiple of 64"))
    #expect(try message(["text.encoder=clip-multilingual"]).contains("needs weights"))
    #expect(try message(["training.recipe={warmup: 2}"]).contains("warmup"))
    #expect(try message(["training.recipe={frozen: visual.conv9.}"]).contains("visual.conv9."))
    #expect(try message(["training.distill={encoder: resnet18}"]).contains("nothing to teach"))
    #expect(try message(["training.distill={encoder: resnet19, weights: x.pth}"]).contains("resnet18"))
    #expect(try message(["training.distill={encoder: resnet18, weights: x.pth, train: true}"]).contains("leave 'train' out"))
    #expect(try message(["training.distill={encoder: resnet18, weights: x.pth, weight: -1}"]).contains("weight"))
    #expect(try message(["training.distill={encoder: resnet18, weights: /nowhere/x.pth}"]).contains("/nowhere/x.pth"))
  }

  @Test func everythingMissingIsToldAtOnce() throws {
    let told = try message([
      "image={encoder: vit-b-32, weights: clip-vit-b-32}", "text={encoder: clip-multilingual, weights: clip-multilingual}",
      "dataset.root=/nowhere/data.csv",
    ])
    for name in ["ViT-B-32.pt", "clip-multilingual", "/nowhere/data.csv"] { #expect(told.contains(name), "\(told)") }
  }
}
