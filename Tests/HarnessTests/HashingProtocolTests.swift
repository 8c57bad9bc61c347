import Basics
import Datasets
import Foundation
import HDF5
import Harness
import Ranking
import Testing

/// Binary codes ranked by CIFAR-10's protocols, against a plain sort.
@Suite struct HashingProtocolTests {
  private static let bits = 8
  private let folder = NSTemporaryDirectory() + "ieum-hashing-\(UUID().uuidString)"

  /// 600 pictures: 60 of each class, 100 in each file.
  private func dataset(split: String? = nil) throws -> Dataset {
    let names = "airplane automobile bird cat deer dog frog horse ship truck"
    try AtomicFile.write(names.replacing(" ", with: "\n"), to: folder + "/batches.meta.txt")
    for name in (1...5).map({ "data_batch_\($0)" }) + ["test_batch"] {
      var bytes = Data(count: 100 * 3073)
      for record in 0..<100 { bytes[record * 3073] = UInt8(record % 10) }
      try AtomicFile.write(bytes, to: "\(folder)/\(name).bin")
    }
    var options = DatasetOptions(root: folder)
    options.cache = folder + "/cache"
    options.acceptOtherData = true
    options.split = split
    return try DatasetRegistry.named("cifar10").load(options)
  }

  private func vectors(_ name: String, _ codes: [String: [Float]]) throws -> VectorFile {
    let file = try HDF5File(creating: "\(folder)/\(name).h5")
    let ids = codes.keys.sorted()
    try file.write("ids", strings: ids)
    try file.write("features", floats: ids.flatMap { codes[$0] ?? [] }, shape: [ids.count, Self.bits])
    try file.close()
    return try VectorFile.read("\(folder)/\(name).h5")
  }

  /// Codes that lean towards their class.
  private func codes(_ dataset: Dataset, seed: UInt64) -> [String: [Float]] {
    var generator = SeededGenerator(seed: seed)
    let labels = Set(dataset.allItems.compactMap(\.label)).sorted()
    return Dictionary(
      uniqueKeysWithValues: dataset.allItems.map { item in
        let own = labels.firstIndex(of: item.label ?? "") ?? 0
        return (
          item.id,
          (0..<Self.bits).map { bit in
            generator.uniform() < 0.2 ? Float(generator.next() % 2) : Float((own >> (bit % 4)) & 1)
          }
        )
      })
  }

  /// mAP of the first `cutoff` places, relevant items first or last where distances are equal.
  private func value(
    _ task: RetrievalTask, _ labels: [String: String?], _ queries: [String: [Float]],
    _ gallery: [String: [Float]],
    cutoff: Int, found: Bool, relevantFirst: Bool
  ) -> Double {
    let fold = task.folds[0]
    let values = fold.queries.map { query -> Double in
      let rows = fold.gallery.map { entry -> (distance: Int, other: Int) in
        let distance = zip(queries[query.name] ?? [], gallery[entry.name] ?? []).count { $0 != $1 }
        return (distance, labels[entry.name] == labels[query.name] ? 0 : 1)
      }.sorted {
        ($0.distance, relevantFirst ? $0.other : -$0.other) < (
          $1.distance, relevantFirst ? $1.other : -$1.other
        )
      }
      var (hits, sum) = (0, 0.0)
      for (place, row) in rows.prefix(cutoff).enumerated() where row.other == 0 {
        hits += 1
        sum += Double(hits) / Double(place + 1)
      }
      let divisor = found ? hits : min(cutoff, rows.count { $0.other == 0 })
      return divisor == 0 ? 0 : sum / Double(divisor)
    }
    return 100 * values.reduce(0, +) / Double(values.count)
  }

  @Test(arguments: HashingProtocol.allCases)
  func agreesWithSorting(chosen: HashingProtocol) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let set = try dataset()
    let labels = Dictionary(uniqueKeysWithValues: set.allItems.map { ($0.id, $0.label) })
    let (stored, asked) = (codes(set, seed: 1), codes(set, seed: 2))
    let task = try chosen.task(of: set)
    let sizes: [HashingProtocol: [Int]] = [.gallery54k: [10, 540], .gallery59k: [10, 590]]
    #expect([task.folds[0].queries.count, task.folds[0].gallery.count] == sizes[chosen] ?? [100, 500])
    let metrics = try ["mAP@50-found", "mAP@50", "mAP"].map(Metric.parse)
    for (queries, sources) in [
      (stored, TaskEvaluation.Sources(items: try vectors("items", stored))),
      (asked, .init(items: try vectors("items", stored), queries: try vectors("queries", asked))),
    ] {
      for (policy, first) in [(TiePolicy.optimistic, true), (.pessimistic, false)] {
        let settings = EvaluationSettings(
          similarity: .euclidean, ties: policy, metrics: metrics, binaryCodes: true)
        let result = try TaskEvaluation(task, sources: sources, settings: settings).results[0]
        for (metric, (cutoff, found)) in zip(metrics, [(50, true), (50, false), (1_000, false)]) {
          let truth = value(task, labels, queries, stored, cutoff: cutoff, found: found, relevantFirst: first)
          #expect(
            abs((result[metric] ?? -1) - truth) < 1e-9,
            "\(policy) \(metric): \(result[metric] ?? -1), not \(truth)")
        }
      }
    }
    let plain = try TaskEvaluation(
      task, sources: .init(items: try vectors("items", stored)), settings: .init())
    #expect(plain.results[0].metrics.map(\.metric.name) == ["mAP", "mAP@1000-found", "mAP@1000"])
    #expect(
      EvaluationText.lines(plain)[0].hasPrefix(
        "\(chosen.rawValue) i2i on cifar10/\(chosen.listName), gallery "))
  }

  private func refusal(_ body: () throws -> some Any) -> IeumError? {
    do { _ = try body() } catch { return error as? IeumError }
    return nil
  }

  @Test func whatDoesNotFitIsRefused() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let set = try dataset()
    let task = try HashingProtocol.gallery54k.task(of: set)
    var own = codes(set, seed: 1)
    let hamming = EvaluationSettings(similarity: .euclidean, binaryCodes: true)
    own["7"]?[3] = 0.5
    let odd = refusal {
      try TaskEvaluation(task, sources: .init(items: try vectors("odd", own)), settings: hamming)
    }
    #expect(odd?.exitCode == 65 && odd?.problem.contains("holds 0.5") == true)
    own["7"]?[3] = -1
    let mixed = refusal {
      try TaskEvaluation(task, sources: .init(items: try vectors("mixed", own)), settings: hamming)
    }
    #expect(mixed?.problem.contains("0 beside -1") == true)
    own["7"] = nil
    let missing = refusal {
      try TaskEvaluation(task, sources: .init(items: try vectors("less", own)), settings: .init())
    }
    #expect(missing?.problem.contains("no vector for 1 of") == true)
    #expect(refusal { try TaskEvaluation(task, sources: .init(), settings: .init()) }?.place == "--items")
    let texts = try RetrievalProtocol.textToVideo.tasks(of: set)[0]
    let file = try vectors("less", own)
    let stray = refusal {
      try TaskEvaluation(texts, sources: .init(texts: file, items: file, queries: file), settings: .init())
    }
    #expect(stray?.exitCode == 64 && stray?.problem.contains("--texts") == true)
    let part = try dataset(split: "cifar10-54k")
    #expect(part.items(in: .train).count == 50 && part.items(in: .test).count == 10)
    #expect(
      refusal { try HashingProtocol.gallery54k.task(of: part) }?.remedy?.contains("cifar10-50k-official")
        == true)
  }
}
