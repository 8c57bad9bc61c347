import Basics
import Datasets
import Foundation

/// What an experiment does about captions and look-alikes that two splits share: its section `leaks`. The same item on two
/// sides is always refused, unless the evaluated dataset's option `allowLeakage` is set.
public struct LeakPolicy: Sendable {
  public enum Action: String, Sendable { case warn, refuse, off }

  public let action: Action
  /// Whether pictures are decoded and compared.
  public let pixels: Bool

  init(_ reader: ConfigReader) {
    action = Action(rawValue: reader.choice("action", ["warn", "refuse", "off"], default: "warn")) ?? .warn
    pixels = reader.bool("pixels", default: true)
    reader.finish()
  }
}

/// Runs the leak checks of an experiment's datasets before anything is trained, and writes `leaks.json` for the report.
struct LeakGuard {
  let experiment: Experiment
  let bench: Workbench
  let results: String

  static func path(_ results: String) -> String { results + "/leaks.json" }

  /// What the last run found; empty when it did not look.
  static func read(_ results: String) throws -> [LeakReport] {
    guard let data = FileManager.default.contents(atPath: path(results)) else { return [] }
    do {
      return try JSONDecoder().decode([LeakReport].self, from: data)
    } catch {
      throw IeumError(.data, "is damaged", file: path(results), remedy: "delete it and run the experiment again")
    }
  }

  /// - Throws: ``IeumError`` (data) for items that are trained and evaluated on and were not allowed, and for other leaks
  ///   when the experiment refuses them.
  func check(_ cells: [Experiment.Cell], progress: Progress) throws {
    let leaks = CellLeaks(bench: bench, kinds: CellLeaks.kinds(experiment.leaks))
    var reports: [LeakReport] = []
    var (checked, refusal): (Set<String>, IeumError?) = ([], nil)
    for cell in cells {
      // A dataset that is missing is told with its cells.
      guard let dataset = try? bench.dataset(cell.config.dataset) else { continue }
      let task = try? CellRunner(cell: cell, bench: bench, progress: Progress()).task()
      let found = [try leaks.inside(dataset)] + (try task.map { try leaks.across($0) } ?? [])
      for report in found where checked.insert("\(report.dataset) \(report.digest) \(dataset.language)").inserted {
        reports.append(report)
        if !report.leaks.isEmpty { progress.note("ieum: '\(report.dataset)': shared between splits: \(report.summary)") }
      }
      refusal = try refusal ?? leaks.refusal(found, cell)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    if !reports.isEmpty { try AtomicFile.write(try encoder.encode(reports) + Data("\n".utf8), to: Self.path(results)) }
    if let refusal { throw refusal }
    if experiment.leaks.action == .refuse, let bad = reports.first(where: { !$0.leaks.isEmpty }) {
      throw IeumError(
        .data, "the splits of '\(bad.dataset)' share items: \(bad.summary); \(LeakReport.text(of: bad.leaks))",
        file: Self.path(results), remedy: "mend the splits, or set leaks.action to warn")
    }
  }
}
