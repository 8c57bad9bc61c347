import Basics
import Datasets
import Foundation
import Harness

/// A small world on disk: captions of three words out of twelve, whose vectors decide what pictures and sounds look like.
/// Features are stored, so that nothing has to be decoded.
final class TowersWorld {
  static let words = ["red", "green", "blue", "dog", "cat", "bird", "house", "tree", "car", "river", "cloud", "stone"]
  static let width = 6
  let folder: String
  let items: [(id: String, split: String, caption: String, hidden: [Double])]

  /// - Parameters:
  ///   - blind: items without a picture's features.
  ///   - broken: items whose sound could not be decoded.
  init(blind: Set<String> = [], broken: Set<String> = []) throws {
    folder = NSTemporaryDirectory() + "ieum-towers-\(UUID().uuidString)"
    var generator = SeededGenerator(seed: 11)
    let vectors = Self.words.map { _ in (0..<Self.width).map { _ in generator.uniform() * 2 - 1 } }
    var items: [(String, String, String, [Double])] = []
    for number in 0..<110 {
      let chosen = Array(Self.words.indices.shuffled(using: &generator).prefix(3))
      let hidden = (0..<Self.width).map { d in chosen.reduce(0) { $0 + vectors[$1][d] } }
      let split = number < 70 ? "train" : number < 90 ? "validation" : "test"
      items.append(("i\(number)", split, "the " + chosen.map { Self.words[$0] }.joined(separator: " and "), hidden))
    }
    self.items = items
    try AtomicFile.write(table(items), to: folder + "/data.csv")
    try AtomicFile.write("", to: folder + "/picture.png")
    let rows = zip(Self.words, vectors).map { ([$0] + $1.map { "\(Float($0))" }).joined(separator: " ") }
    try AtomicFile.write(rows.joined(separator: "\n") + "\n", to: folder + "/words.txt")
    try features("image", .image, views: 3, noise: 0.35, of: items.map(\.0).filter { !blind.contains($0) }, &generator)
    // Every fifth item is silent.
    let loud = items.indices.filter { $0 % 5 != 0 }.map { items[$0].0 }
    try features("audio", .audio, views: 3, noise: 0.35, of: loud.filter { !broken.contains($0) }, broken: broken, &generator)
    try features("text", .text, views: 1, noise: 0.05, of: items.map(\.0), &generator)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func table(_ items: [(String, String, String, [Double])]) -> String {
    // In the other language all say the same.
    "id,text,text_ko,images,split\n" + items.map { "\($0.0),\($0.2),nothing,picture.png,\($0.1)\n" }.joined()
  }

  /// Views of the hidden vectors through a matrix of the modality, with noise.
  private func features(
    _ name: String, _ modality: FeatureAttributes.Modality, views: Int, noise: Double, of ids: [String],
    broken: Set<String> = [], _ generator: inout SeededGenerator
  ) throws {
    let output = 8
    let matrix = (0..<Self.width * output).map { _ in generator.uniform() * 2 - 1 }
    let writer = try FeatureWriter(
      folder + "/\(name).h5",
      attributes: FeatureAttributes(
        modality: modality, dataset: "manifest", datasetDigest: "", encoder: "made", encoderDigest: name,
        dimension: output), sequences: views > 1)
    for item in items where ids.contains(item.id) {
      var rows: [Float] = []
      for _ in 0..<views {
        for o in 0..<output {
          let value = (0..<Self.width).reduce(0.0) { $0 + item.hidden[$1] * matrix[$1 * output + o] }
          rows.append(Float(value + noise * (generator.uniform() * 2 - 1) * 3))
        }
      }
      if views > 1 { try writer.append(item.id, frames: rows) } else { try writer.append([item.id], features: rows) }
    }
    let silent = name == "audio" ? items.indices.filter { $0 % 5 == 0 }.map { items[$0].id } : []
    for id in silent { try writer.fail(id, "\(id): has no sound") }
    for id in broken.sorted() {
      try writer.fail(id, "\(folder)/picture.png: the sound is damaged or cut short (it ends); fetch or export it again")
    }
    try writer.finish(order: ids)
  }

  /// An experiment on this world.
  func experiment(sweep: String, base: String = "") throws -> String {
    let path = folder + "/experiment.yaml"
    try AtomicFile.write(
      """
      experiment: towers-world
      base:
        task: towers
        dataset: {name: manifest, root: \(folder)/data.csv}
        sources:
          captions: {pair: image-text}
          sounds: {pair: image-audio}
        text: {encoder: text-cnn, weights: \(folder)/words.txt, parameters: {length: 4, kernels: "1", filters: 24}}
        image: {encoder: stored, weights: "\(folder)/image.h5"}
        audio: {encoder: stored, weights: "\(folder)/{dataset}-audio.h5"}
        model: {name: three-tower, parameters: {hidden: 32, outputDimension: 16}}
        loss: {name: four-term}
        training: {epochs: 25, batchSize: 16, learningRate: 0.01, patience: 25, decayEvery: 20}
        evaluation: {metrics: [R@1, R@5, R@10, MedR]}
        seeds: [1]
      \(base)
      sweep:
        - table: rows
          rows:
      \(sweep)

      """, to: path)
    // The template in the audio's path stands for the dataset's name.
    let target = folder + "/manifest-audio.h5"
    if !FileManager.default.fileExists(atPath: target) {
      try FileManager.default.copyItem(atPath: folder + "/audio.h5", toPath: target)
    }
    return path
  }

  private var cache: Cache { Cache(environment: ["IEUM_CACHE": folder + "/cache"]) }

  func plan(_ path: String, overrides: [String] = []) throws -> Plan {
    try Plan(Experiment.load(path, overrides: overrides), bench: Workbench(cache: cache))
  }

  /// Runs the experiment in this process with a cache of its own; results by row.
  func run(_ path: String, overrides: [String] = []) throws -> (results: [String: CellResult], outcome: SweepRunner.Outcome) {
    let cache = cache
    let results = folder + "/results"
    let sweep = SweepRunner(try Experiment.load(path, overrides: overrides), bench: Workbench(cache: cache))
    let outcome = try sweep.run(only: nil, jobs: 1, results: results) { index, count in
      do {
        let own = try Experiment.load(path, overrides: overrides)
        try SweepRunner(own, bench: Workbench(cache: cache)).work(only: nil, index: index, count: count)
        return 0
      } catch { return 1 }
    }
    let cells = try Report.cells(in: results)
    return (Dictionary(cells.map { ($0.row, $0) }, uniquingKeysWith: { $1 }), outcome)
  }

  /// Trainings in the cache.
  var trainings: Int {
    let runs = folder + "/cache/runs"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: runs)) ?? []
    return names.count { FileManager.default.fileExists(atPath: "\(runs)/\($0)/checkpoint.safetensors") }
  }
}
