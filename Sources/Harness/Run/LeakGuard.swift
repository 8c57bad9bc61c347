import Basics
import Datasets
import Foundation

/// What an experiment does about items that two splits share: its section `leaks`.
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

  /// - Throws: ``IeumError`` (data) when splits share items and the experiment refuses that.
  func check(_ cells: [Experiment.Cell], progress: Progress) throws {
    guard experiment.leaks.action != .off else {
      unlink(Self.path(results))
      return
    }
    var reports: [LeakReport] = []
    var checked: Set<String> = []
    for cell in cells {
      // A dataset that is missing is told with its cells.
      guard let dataset = try? bench.dataset(cell.config.dataset) else { continue }
      guard checked.insert("\(dataset.digest) \(dataset.language)").inserted else { continue }
      let report = try report(dataset)
      reports.append(report)
      if !report.leaks.isEmpty { progress.note("ieum: '\(dataset.name)': shared between splits: \(report.summary)") }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    if !reports.isEmpty { try AtomicFile.write(try encoder.encode(reports) + Data("\n".utf8), to: Self.path(results)) }
    if experiment.leaks.action == .refuse, let bad = reports.first(where: { !$0.leaks.isEmpty }) {
      let first = bad.leaks.prefix(3).map { "\($0.items.joined(separator: " and ")) (\($0.kind.rawValue))" }
      throw IeumError(
        .data, "the splits of '\(bad.dataset)' share items: \(bad.summary); \(first.joined(separator: ", "))",
        file: Self.path(results), remedy: "mend the splits, or set leaks.action to warn")
    }
  }

  /// From the cache where the same data were checked before.
  private func report(_ dataset: Dataset) throws -> LeakReport {
    let kinds = Leak.Kind.allCases.filter { $0 != .pixels || experiment.leaks.pixels }
    let key = Digest.of("2 \(dataset.digest) \(dataset.language) \(kinds.map(\.rawValue))")
    let path = "\(bench.cache.root)/leaks/\(key.prefix(24)).json"
    if let data = FileManager.default.contents(atPath: path),
      let known = try? JSONDecoder().decode(LeakReport.self, from: data)
    {
      return known
    }
    let report = LeakCheck.run(dataset, kinds: kinds)
    try AtomicFile.write(try JSONEncoder().encode(report), to: path)
    return report
  }
}
