import Basics
import Datasets
import Foundation
import Ranking

/// What a results folder holds beside its cells: tests against baselines and tables, made again from the cells.
struct VerifiedSweep {
  let folder: String
  let results: [CellResult]
  let index: SweepIndex?
  let paperTables: String

  /// Cells that must be there and are not.
  func missing() throws -> [Verification.Cell] {
    let present = Set(results.map(\.id))
    guard let index else {
      return try mentioned().subtracting(present).sorted().map { id in
        var cell = Verification.Cell(id: id, status: .missing)
        cell.differs.append("tables or comparisons name it, but its result is gone")
        return cell
      }
    }
    var seen = present
    return index.cells.filter { seen.insert($0.id).inserted }.map { entry in
      var cell = Verification.Cell(id: entry.id, status: .missing)
      if entry.result == nil { cell.unchecked.append("was not there when the report was written") } else {
        cell.differs.append("its result is gone")
      }
      return cell
    }
  }

  /// Cells that comparisons and tables name.
  private func mentioned() throws -> Set<String> {
    let tests = try TableComparisons.read(folder)?.entries.flatMap { [$0.cell, $0.baseline] } ?? []
    let rows = try names(".csv").flatMap { name -> [String] in
      let path = "\(folder)/tables/\(name)"
      let table = try CSVText.parse(String(contentsOfFile: path, encoding: .utf8), file: path)
      guard let column = table.first?.firstIndex(of: "cell") else { return [] }
      return table.dropFirst().compactMap { $0.indices.contains(column) ? $0[column] : nil }
    }
    return Set(tests + rows).subtracting([""])
  }

  private func names(_ suffix: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder + "/tables")) ?? [])
      .filter { $0.hasSuffix(suffix) && !$0.hasPrefix(".") }.sorted()
  }

  /// The tests against baselines, computed again.
  func tests() throws -> (findings: Verification.Part, again: TableComparisons?) {
    var part = Verification.Part()
    let stored = try TableComparisons.read(folder)
    let again: TableComparisons?
    if let index {
      again = try TableComparisons.made(index.report.tables + index.report.comparisons.flatMap(\.tables), folder: folder)
    } else {
      again = try stored?.repeated(in: folder)
    }
    guard let stored, let again else {
      if stored != nil { part.differs.append("comparisons.json: no table has a baseline") }
      if again != nil { part.differs.append("comparisons.json is gone") }
      return (part, again)
    }
    for entry in again.entries { part.compare(entry, with: stored, reasons: index != nil) }
    for entry in stored.entries where again.entry(like: entry) == nil {
      part.differs.append("\(entry.place): no table asks for this test")
    }
    part.compare("comparisons.json: the tests' settings", again.settings, stored.settings)
    return (part, again)
  }

  /// The tables, built again and compared byte for byte.
  func tables(_ tests: TableComparisons?) throws -> Verification.Part {
    var part = Verification.Part()
    guard let report = index?.report else {
      part.unchecked.append("sweep.json is missing, which says what they show; `ieum report` writes it")
      return part
    }
    let leaks = try LeakGuard.read(folder)
    var expected: Set<String> = []
    let specs = report.tables.map { ReportSpec(title: "", tables: [$0]) }
      + report.comparisons.map { ReportSpec(title: "", comparisons: [$0]) }
    for spec in specs {
      for name in spec.tables.map(\.name) + spec.comparisons.map(\.name) {
        expected.formUnion(["md", "csv", "tex"].map { "\(name).\($0)" })
      }
      do {
        let made = try ReportTables(spec, results: results, tests: tests, leaks: leaks, paperTables: paperTables)
        for file in made.files { part.compare(file.name, Data(file.text.utf8), with: "\(folder)/tables/\(file.name)") }
      } catch {
        part.unchecked.append("\((spec.tables.map(\.name) + spec.comparisons.map(\.name)).joined()): \(error)")
      }
    }
    part.unchecked += [".md", ".csv", ".tex"].flatMap(names).filter { !expected.contains($0) }
      .map { "\($0) belongs to no table of the sweep" }
    return part
  }
}

extension Verification.Part {
  fileprivate mutating func compare(_ name: String, _ made: Data, with path: String) {
    guard let stored = FileManager.default.contents(atPath: path) else { return differs.append("\(name) is gone") }
    if stored == made { agrees.append(name) } else {
      differs.append("\(name) is not what the cells give; `ieum report` writes it again")
    }
  }

  /// - Parameter reasons: whether the reason of a test that could not be made is compared.
  fileprivate mutating func compare(
    _ entry: TableComparisons.Entry, with stored: TableComparisons, reasons: Bool
  ) {
    guard let old = stored.entry(like: entry) else {
      return differs.append("\(entry.place): the test against \(entry.baseline) is gone")
    }
    func text<T>(_ value: T?) -> String { value.map { "\($0)" } ?? "none" }
    let pairs = [
      ("baseline", entry.baseline, old.baseline), ("difference", text(entry.difference), text(old.difference)),
      ("interval", text(entry.ci95), text(old.ci95)), ("p", text(entry.p), text(old.p)),
      ("p after Holm", text(entry.pHolm), text(old.pHolm)), ("effect size", text(entry.effectSize), text(old.effectSize)),
      ("reason", reasons ? text(entry.reason) : "", reasons ? text(old.reason) : ""),
    ]
    let changed = pairs.filter { $0.1 != $0.2 }.map { "\($0.0): recorded \($0.2), now \($0.1)" }
    if changed.isEmpty { agrees.append(entry.place) } else {
      let list = changed.joined(separator: "; ")
      differs.append("\(entry.place): the test against \(entry.baseline) gives other numbers (\(list))")
    }
  }
}

extension TableComparisons {
  fileprivate func entry(like other: Entry) -> Entry? {
    entries.first { $0.table == other.table && $0.metric == other.metric && $0.cell == other.cell }
  }

  /// What holds for all tests.
  fileprivate var settings: String { "\(test), \(rounds) draws, alpha \(alpha), \(correction)" }
}

extension TableComparisons.Entry {
  fileprivate var place: String { "table \(table), \(cell)" }
}
