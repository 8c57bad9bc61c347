import Basics
import Datasets
import Foundation
import Harness
import Ranking
import Testing

/// COCO's protocols named in an experiment, on files of its form and stored vectors.
@Suite struct ProtocolTests {
  private static let width = 8

  /// 5,000 test pictures of five captions each, a few to train and to validate on.
  private func coco(_ folder: String) throws {
    let splits = [(0..<5000, "test"), (5000..<5060, "train"), (5060..<5080, "val")]
    let images = splits.flatMap { range, split in
      range.map { id in
        let sentences = (0..<5).map { "{\"raw\": \"picture \(id), sentence \($0)\", \"sentid\": \(id * 5 + $0)}" }
        return "{\"filepath\": \"val2014\", \"filename\": \"COCO_val2014_\(id).jpg\", \"imgid\": \(id), \"cocoid\": \(id), "
          + "\"split\": \"\(split)\", \"sentences\": [\(sentences.joined(separator: ", "))]}"
      }
    }
    try AtomicFile.write(
      "{\"images\": [\(images.joined(separator: ",\n"))], \"dataset\": \"coco\"}", to: folder + "/coco/dataset_coco.json")
  }

  private func features(_ folder: String) throws {
    var generator = SeededGenerator(seed: 4)
    func vector(_ spread: Double) -> [Float] { (0..<Self.width).map { _ in Float((generator.uniform() - 0.5) * spread) } }
    var (ids, images, names, texts): ([String], [Float], [String], [Float]) = ([], [], [], [])
    for id in 0..<5080 {
      let own = vector(2)
      ids.append("\(id)")
      images += own
      for number in 0..<5 {
        names.append("\(id)#\(number)")
        texts += zip(own, vector(1)).map { $0 + $1 }
      }
    }
    for (name, modality, rows, values) in [
      ("image", FeatureAttributes.Modality.image, ids, images), ("text", .text, names, texts),
    ] {
      let writer = try FeatureWriter(
        "\(folder)/\(name).h5",
        attributes: FeatureAttributes(
          modality: modality, dataset: "coco", datasetDigest: "", encoder: "made", encoderDigest: name,
          dimension: Self.width))
      try writer.append(rows, features: values)
      try writer.finish(order: rows)
    }
  }

  @Test func foldsAreRankedOneByOne() throws {
    let folder = NSTemporaryDirectory() + "ieum-protocol-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try coco(folder)
    try features(folder)
    let path = folder + "/experiment.yaml"
    try AtomicFile.write(
      """
      experiment: protocols
      base:
        task: towers
        dataset: {name: coco, root: \(folder)/coco, options: {acceptOtherData: true}}
        sources: {captions: {pair: image-text}}
        text: {encoder: stored, weights: \(folder)/text.h5}
        image: {encoder: stored, weights: \(folder)/image.h5}
        model: {name: dual-encoder, parameters: {hidden: 16, outputDimension: 8}}
        loss: {name: sum-hinge}
        training: {epochs: 30, batchSize: 20, learningRate: 0.01, patience: 30}
        evaluation: {metrics: [R@5, MedR]}
      sweep:
        - table: rows
          rows:
            folds: {evaluation: {protocol: coco1k-5fold, directions: [v2t-flat]}}
            first: {evaluation: {protocol: coco1k-first}}
      report:
        comparisons:
          - {name: main, from: rows, metrics: [R@5, MedR]}

      """, to: path)
    let cache = Cache(environment: ["IEUM_CACHE": folder + "/cache"])
    let outcome = try SweepRunner(Experiment.load(path), bench: Workbench(cache: cache)).run(
      only: nil, jobs: 1, results: folder + "/results"
    ) { index, count in
      do {
        try SweepRunner(Experiment.load(path), bench: Workbench(cache: cache)).work(only: nil, index: index, count: count)
        return 0
      } catch { return 1 }
    }
    #expect(outcome.failed.isEmpty, "\(outcome.failed)")
    let cells = try Report.cells(in: folder + "/results")
    let folds = try #require(cells.first { $0.row == "folds" })
    let first = try #require(cells.first { $0.row == "first" })
    #expect(folds.protocol == "coco1k-5fold" && folds.queries == 5000 && folds.gallery == 5000)
    #expect(first.protocol == "coco1k-first" && first.queries == 5000 && first.gallery == 1000)
    #expect(first.metrics["v2t-flat R@5"] != nil && folds.metrics["v2t-flat R@5"] == nil)
    // Five captions among five thousand, one picture among a thousand.
    let miss = (0..<5).reduce(1.0) { $0 * Double(4995 - $1) / Double(5000 - $1) }
    for (cell, chance) in [(folds, 100 * (1 - miss)), (first, 0.5)] {
      #expect(abs((cell.chance["R@5"] ?? 0) - chance) < 1e-9 && (cell.metrics["R@5"]?.first ?? 0) > 2 * chance)
      #expect(cell.notes.contains { $0.hasPrefix("protocol \(cell.protocol ?? "?"): COCO, ") }, "\(cell.notes)")
    }
    try check(folds, of: folder)
    _ = try Report.write(
      experiment: "protocols", resultsFolder: folder + "/results", spec: Experiment.load(path).reportSpec(),
      paperTables: folder)
    let markdown = try String(contentsOfFile: folder + "/results/tables/main.md", encoding: .utf8)
    #expect(markdown.contains("protocol coco1k-5fold") && markdown.contains("protocol coco1k-first"))
  }

  /// The stored ranks give the cell's numbers, and the embedding file those of `ieum eval`: means over five folds.
  private func check(_ cell: CellResult, of folder: String) throws {
    let ranks = try RanksFile.read("\(folder)/results/cells/\(cell.id)/ranks.h5")
    let run = try #require(ranks.runs.first)
    #expect(run.folds?.forward.prefix(1001).suffix(2) == [0, 1] && run.folds?.count == 5)
    for (name, values) in cell.metrics where !name.contains(" ") {
      #expect(run.values([try Metric.parse(name)], ties: .expected).map(\.value) == values)
    }
    let runs = folder + "/cache/runs"
    let path = try #require(
      try FileManager.default.contentsOfDirectory(atPath: runs).map { "\(runs)/\($0)/embeddings.h5" }.first {
        (try? EmbeddingFile.read($0).folds) != nil
      })
    let results = try FileEvaluation.results(
      path, settings: EvaluationSettings(metrics: ["R@5", "MedR"].map(Metric.parse)))
    #expect(results.count == 5)
    for value in FoldMeans(results).metrics {
      #expect(abs(value.value - (cell.metrics[value.metric.name]?.first ?? -1)) < 1e-9)
    }
  }
}
