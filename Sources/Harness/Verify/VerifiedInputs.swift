import Basics
import Datasets
import Foundation

/// Data, split, weights, features and runs of a cell as they are on this machine now.
extension Verification.Cell {
  /// - Parameter tables: the grids that the cell belongs to; nil where that is not recorded.
  mutating func checkInputs(_ result: CellResult, tables: [String]?, bench: Workbench) {
    let config: CellConfig
    do {
      config = try CellConfig(ConfigTree(flattened: result.config))
    } catch {
      unchecked.append("its configuration is not understood: \(error)")
      return
    }
    let runner = CellRunner(
      cell: Experiment.Cell(table: "", row: result.row, column: result.column, id: result.id, config: config),
      bench: bench, progress: Progress())
    do {
      let task = try runner.task()
      checkDigests(result, task)
      try checkWeights(result, task, config, cache: bench.cache)
      try checkFeatures(task)
      checkRuns(result, runner, task)
      checkReads(result, task, tables: tables, cache: bench.cache)
    } catch {
      unchecked.append("its inputs are not all there: \(error)")
    }
  }

  private mutating func checkDigests(_ result: CellResult, _ task: any CellTask) {
    let split = Split(rawValue: result.config["evaluation.split"] ?? "") ?? .test
    let now = task.digests
    let pairs = [
      ("dataset", task.dataset.digest, result.digests.dataset),
      ("split", ResultWriter.splitDigest(task.dataset, split), result.digests.split),
      ("text features", now.textFeatures, result.digests.textFeatures),
      ("image features", now.imageFeatures, result.digests.imageFeatures),
      ("audio features", now.audioFeatures, result.digests.audioFeatures),
      ("training data", now.trainingData, result.digests.trainingData),
      ("code", Provenance.codeDescription, result.digests.code),
    ]
    for (what, now, recorded) in pairs { if let now, let recorded { compare(what, now, recorded) } }
  }

  private mutating func checkWeights(
    _ result: CellResult, _ task: any CellTask, _ config: CellConfig, cache: Cache
  ) throws {
    let now = task.digests
    let weights: [(side: String, choice: CellConfig.EncoderChoice?, now: String?, recorded: String?)] = [
      ("text weights", config.text, now.textWeights, result.digests.textWeights),
      ("image weights", config.image, now.imageWeights, result.digests.imageWeights),
      ("audio weights", config.towers?.towers[.audio], now.audioWeights, result.digests.audioWeights),
      ("teacher weights", config.clips?.distillation?.teacher, now.teacherWeights, result.digests.teacherWeights),
    ]
    for (side, choice, now, recorded) in weights {
      guard let choice, let recorded else { continue }
      if choice.encoder == StoredTower.name {
        // Feature files, one per dataset.
        if let now { compare(side, now, recorded) }
      } else if let path = try WeightCatalog.resolve(choice.weights, cache: cache) {
        compare(side, try Digest.ofFile(path), recorded)
      }
    }
  }

  private mutating func checkFeatures(_ task: any CellTask) throws {
    for path in task.featurePaths {
      let name = URL(fileURLWithPath: path).lastPathComponent
      guard FileManager.default.fileExists(atPath: path) else {
        unchecked.append("\(name) is not in the cache")
        continue
      }
      // Stored pixels are no feature file; their name holds the digest of what they were made of.
      guard path.hasSuffix(".h5") else {
        agrees.append("\(name): there")
        continue
      }
      let file = try FeatureFile.read(path)
      agrees.append("\(name): \(file.ids.count) rows, readable")
    }
  }

  /// The runs that the result was gathered from.
  private mutating func checkRuns(_ result: CellResult, _ runner: CellRunner, _ task: any CellTask) {
    for (place, seed) in result.seeds.enumerated() {
      guard let run = RunRecord.read(runner.folder(task, seed: seed)) else {
        unchecked.append("the run of seed \(seed) is not in the cache")
        continue
      }
      func value<T>(_ values: [T]) -> T? { values.indices.contains(place) ? values[place] : nil }
      let gathered = result.metrics.compactMapValues { value($0) }
      compare("metrics of seed \(seed)'s run", Self.text(run.metrics), Self.text(gathered))
      compare("epoch kept by seed \(seed)", "\(run.selectedEpoch)", value(result.selectedEpochs).map { "\($0)" } ?? "none")
      guard place == 0 else { continue }
      compare("candidates", "\(run.gallery)", "\(result.gallery)")
      compare("queries without relevant items", "\(run.queriesWithoutRelevant)", "\(result.queriesWithoutRelevant)")
      compare("skipped items", "\(run.skippedItems)", "\(result.skippedItems)")
    }
  }

  private static func text(_ metrics: [String: Double]) -> String {
    metrics.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }

  /// How often the test split was read, by the cache's count. Readings after this one may or may not be in the record.
  private mutating func checkReads(_ result: CellResult, _ task: any CellTask, tables: [String]?, cache: Cache) {
    if result.isValidation { return compare("readings of the test split", "0", "\(result.testReads)") }
    guard let tables else { return unchecked.append("readings of the test split: the cell's table is not recorded") }
    let counts = tables.compactMap {
      TestReads(cache: cache).counts(
        table: $0, row: result.row, column: result.column, experiment: result.experiment, dataset: task.dataset.digest,
        digest: task.digest)
    }
    guard let counted = counts.first else {
      return unchecked.append("readings of the test split: the cache has no count")
    }
    let fits = counts.contains { $0.contains(result.testReads) }
    compare("readings of the test split", fits ? "\(result.testReads)" : "\(counted.upperBound)", "\(result.testReads)")
  }
}

extension ConfigTree {
  /// Settings from their dotted paths, as ``flattened`` gives them.
  init(flattened: [String: String]) throws {
    self = try flattened.sorted { $0.key < $1.key }.reduce(ConfigTree.empty) { tree, setting in
      let value = setting.value.hasPrefix("[") || setting.value == ConfigTree.empty.canonical
        ? try ConfigTree.parse(setting.value, file: setting.key)
        : ConfigTree.scalar(setting.value, quoted: false, at: setting.key)
      return tree.setting(setting.key.split(separator: ".").map(String.init), to: value)
    }
  }
}
