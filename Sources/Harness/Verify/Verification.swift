import Basics
import Datasets
import Foundation
import Ranking

/// What no longer agrees between stored results and what they were made of: `ieum verify results/X`.
public struct Verification: Sendable, Encodable {
  /// One cell's check.
  public struct Cell: Sendable, Encodable {
    public let id: String
    public let status: CellResult.Status
    /// Things that were computed again and agree.
    public var agrees: [String] = []
    /// What differs from the record.
    public var differs: [String] = []
    /// What could not be checked, and why.
    public var unchecked: [String] = []

    fileprivate mutating func compare(_ what: String, _ found: String, _ recorded: String) {
      if found == recorded { agrees.append(what) } else { differs.append("\(what): recorded \(recorded), now \(found)") }
    }
  }

  public let folder: String
  public private(set) var cells: [Cell] = []
  /// Of the comparisons behind the tables' marks.
  public private(set) var comparisons: [String] = []

  /// - Parameter folder: `results/<experiment>`.
  /// - Throws: ``IeumError`` (data) when there are no results.
  public init(_ folder: String, bench: Workbench = Workbench()) throws {
    self.folder = folder
    let results = try Report.cells(in: folder)
    guard !results.isEmpty else {
      throw IeumError(.data, "holds no results", file: folder + "/cells", remedy: "name a folder such as results/quickstart")
    }
    cells = results.map { Self.check($0, folder: "\(folder)/cells/\($0.id)", bench: bench) }
    comparisons = try Self.comparisons(folder, results)
  }

  public var agrees: Bool { comparisons.isEmpty && cells.allSatisfy { $0.differs.isEmpty } }

  private static func check(_ result: CellResult, folder: String, bench: Workbench) -> Cell {
    var cell = Cell(id: result.id, status: result.status)
    guard result.status == .ok else {
      cell.unchecked.append("has no numbers: \(result.reason ?? "no reason was recorded")")
      return cell
    }
    checkNumbers(result, folder: folder, &cell)
    checkInputs(result, bench: bench, &cell)
    return cell
  }

  /// The stored ranks, and every number that can be computed from them.
  private static func checkNumbers(_ result: CellResult, folder: String, _ cell: inout Cell) {
    do {
      if let digest = result.digests.ranks { cell.compare("ranks.h5", try Digest.ofFile(folder + "/ranks.h5"), digest) }
      var files: [String: RanksFile] = [:]
      for name in result.metrics.keys.sorted() {
        let key = MetricKey(name)
        let path = "\(folder)/\(RanksFile.name(key.direction))"
        let ranks = try files[path] ?? RanksFile.read(path)
        files[path] = ranks
        try check(name, try Metric.parse(key.metric), ranks, result, &cell)
        guard key.direction == nil else { continue }
        cell.compare("seeds", "\(ranks.seeds)", "\(result.seeds)")
        cell.compare("queries", "\(ranks.runs.first?.forward.count ?? 0)", "\(result.queries)")
      }
    } catch {
      cell.differs.append("the ranks cannot be read: \(error)")
    }
  }

  private static func check(
    _ name: String, _ metric: Metric, _ ranks: RanksFile, _ result: CellResult, _ cell: inout Cell
  ) throws {
    let ties = try TiePolicy.named(result.ties.policy)
    let values = ranks.runs.compactMap { $0.values([metric], ties: ties).first?.value }
    cell.compare(name, "\(values)", "\(result.metrics[name] ?? [])")
    let spread = Spread(of: values)
    cell.compare("\(name) mean", "\(spread?.mean ?? .nan)", "\(result.summary[name]?.mean ?? .nan)")
    cell.compare("\(name) deviation", "\(spread?.std ?? .nan)", "\(result.summary[name]?.std ?? .nan)")
    let interval = try RankedQueries.intervals(of: ranks.runs, [metric], ties: ties).first?.interval
    cell.compare("\(name) interval", "\(interval.map { [$0.low, $0.high] } ?? [])", "\(result.ci95[name] ?? [])")
    if let chance = result.chance[name], let run = ranks.runs.first {
      cell.compare("\(name) chance", "\(Chance.expected(metric, of: run))", "\(chance)")
    }
  }

  /// Data, split, weights and features as they are now.
  private static func checkInputs(_ result: CellResult, bench: Workbench, _ cell: inout Cell) {
    let config: CellConfig
    do {
      config = try CellConfig(ConfigTree(flattened: result.config))
    } catch {
      cell.unchecked.append("its configuration is not understood: \(error)")
      return
    }
    let runner = CellRunner(
      cell: Experiment.Cell(table: "", row: result.row, column: result.column, id: result.id, config: config),
      bench: bench, progress: Progress())
    do {
      let task = try runner.task()
      let split = Split(rawValue: config.evaluation.split) ?? .test
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
      for (what, now, recorded) in pairs { if let now, let recorded { cell.compare(what, now, recorded) } }
      let weights: [(side: String, choice: CellConfig.EncoderChoice?, now: String?, recorded: String?)] = [
        ("text weights", config.text, now.textWeights, result.digests.textWeights),
        ("image weights", config.image, now.imageWeights, result.digests.imageWeights),
        ("audio weights", config.towers?.towers[.audio], now.audioWeights, result.digests.audioWeights),
      ]
      for (side, choice, now, recorded) in weights {
        guard let choice, let recorded else { continue }
        if choice.encoder == StoredTower.name {
          // Feature files, one per dataset.
          if let now { cell.compare(side, now, recorded) }
        } else if let path = try WeightCatalog.resolve(choice.weights, cache: bench.cache) {
          cell.compare(side, try Digest.ofFile(path), recorded)
        }
      }
      for path in task.featurePaths {
        let name = URL(fileURLWithPath: path).lastPathComponent
        guard FileManager.default.fileExists(atPath: path) else {
          cell.unchecked.append("\(name) is not in the cache")
          continue
        }
        // Stored pixels are no feature file; their name holds the digest of what they were made of.
        guard path.hasSuffix(".h5") else {
          cell.agrees.append("\(name): there")
          continue
        }
        let file = try FeatureFile.read(path)
        cell.agrees.append("\(name): \(file.ids.count) rows, readable")
      }
    } catch {
      cell.unchecked.append("its inputs are not all there: \(error)")
    }
  }

  /// The stored tests against a baseline, computed again.
  private static func comparisons(_ folder: String, _ results: [CellResult]) throws -> [String] {
    guard let stored = try TableComparisons.read(folder) else { return [] }
    var differs: [String] = []
    for entry in stored.entries where entry.p != nil {
      do {
        let again = try TableComparisons.Entry(
          table: entry.table, metric: entry.metric, cell: entry.cell, baseline: entry.baseline, folder: folder)
        if again.p != entry.p || again.difference != entry.difference || again.ci95 != entry.ci95 {
          differs.append("table \(entry.table), \(entry.cell): the test against \(entry.baseline) gives other numbers")
        }
      } catch {
        differs.append("table \(entry.table), \(entry.cell): \(error)")
      }
    }
    return differs
  }

  /// A line per cell, what differs below it, and the sum.
  public var text: String {
    var lines: [String] = []
    for cell in cells {
      let state = cell.differs.isEmpty ? (cell.agrees.isEmpty ? "not checked" : "agrees") : "DIFFERS"
      lines.append("\(cell.id): \(state) (\(cell.agrees.count) checks)")
      lines += cell.differs.map { "  differs: \($0)" } + cell.unchecked.map { "  not checked: \($0)" }
    }
    lines += comparisons.map { "comparisons: \($0)" }
    let bad = cells.count { !$0.differs.isEmpty }
    lines.append("\(cells.count) cells: \(cells.count - bad) without a difference, \(bad) that no longer agree")
    return lines.joined(separator: "\n")
  }
}

extension ConfigTree {
  /// Settings from their dotted paths, as ``flattened`` gives them.
  init(flattened: [String: String]) throws {
    self = try flattened.sorted { $0.key < $1.key }.reduce(ConfigTree.empty) { tree, setting in
      let value = setting.value.hasPrefix("[")
        ? try ConfigTree.parse(setting.value, file: setting.key)
        : ConfigTree.scalar(setting.value, quoted: false, at: setting.key)
      return tree.setting(setting.key.split(separator: ".").map(String.init), to: value)
    }
  }
}
