import Basics
import Datasets
import Foundation
import Ranking

/// Turns stored results into tables, figures and the page, and says on the terminal where they are.
public struct ReportPrinter {
  private let experiment: Experiment
  private let folder: String

  public init(experiment: Experiment, folder: String) {
    self.experiment = experiment
    self.folder = folder
  }

  /// - Parameter unchanged: nothing was computed; a report that is newer than its sources is then only shown.
  public func write(unchanged: Bool) throws {
    let spec = try experiment.reportSpec()
    try SweepIndex(experiment, report: spec, folder: folder).write(folder)
    let key = try stamp(spec)
    let stampPath = folder + "/.report"
    let page = folder + "/index.html"
    if unchanged, FileManager.default.fileExists(atPath: page),
      let stored = try? String(contentsOfFile: stampPath, encoding: .utf8), stored.hasPrefix(key)
    {
      print(stored.dropFirst(key.count))
      return
    }
    try TableComparisons.update(spec.tables + spec.comparisons.flatMap(\.tables), folder: folder)
    let output = try Report.write(
      experiment: experiment.name, resultsFolder: folder, spec: spec, paperTables: "paper-tables")
    for warning in output.warnings { FileHandle.standardError.write(Data("ieum: \(warning)\n".utf8)) }
    let text = (output.tables + ["Report: \(page)"]).joined(separator: "\n")
    print(text)
    // What is said on the error stream afterwards must not stand amid the tables where both go into one file.
    fflush(nil)
    if output.warnings.isEmpty { try AtomicFile.write(key + text, to: stampPath) }
  }

  /// A digest of everything the report is made of.
  private func stamp(_ spec: ReportSpec) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    var parts = [String(decoding: try encoder.encode(spec), as: UTF8.self)]
    for cell in experiment.cells {
      parts.append((try? Digest.ofFile("\(folder)/cells/\(cell.id)/result.json")) ?? "none")
    }
    parts.append((try? Digest.ofFile(LeakGuard.path(folder))) ?? "none")
    parts.append((try? Digest.ofFile(Examples.path(folder))) ?? "none")
    return Digest.of(parts.joined(separator: "\n"))
  }
}
