import Basics

/// What no longer agrees between stored results and what they were made of: `ieum verify results/X`.
///
/// Computed again: from stored ranks all numbers of the cells and the tests against baselines; from the cells the tables;
/// from this machine's cache and data whatever is there. Figures and the page are not compared.
public struct Verification: Sendable, Encodable {
  public let folder: String
  public private(set) var cells: [Cell] = []
  /// The tests behind the tables' marks.
  public private(set) var comparisons = Part()
  /// The files of the tables, byte for byte.
  public private(set) var tables = Part()
  /// Cells without a difference, with one, and without anything that could be computed again.
  public private(set) var verified = 0
  public private(set) var differing = 0
  public private(set) var unverified = 0

  /// - Parameters:
  ///   - folder: `results/<experiment>`.
  ///   - paperTables: the folder `paper-tables`; tables with published numbers cannot be checked without it.
  /// - Throws: ``IeumError`` (data) when there are no results.
  public init(_ folder: String, bench: Workbench = Workbench(), paperTables: String = "paper-tables") throws {
    self.folder = folder
    let results = try Report.cells(in: folder)
    guard !results.isEmpty else {
      throw IeumError(.data, "holds no results", file: folder + "/cells", remedy: "name a folder such as results/quickstart")
    }
    let index = try SweepIndex.read(folder)
    let sweep = VerifiedSweep(folder: folder, results: results, index: index, paperTables: paperTables)
    cells = results.map { Self.check($0, folder, index, bench) } + (try sweep.missing())
    let tests = try sweep.tests()
    comparisons = tests.findings
    tables = try sweep.tables(tests.again)
    differing = cells.count { !$0.differs.isEmpty }
    verified = cells.count(where: \.isVerified)
    unverified = cells.count - differing - verified
  }

  public var agrees: Bool { differing == 0 && comparisons.differs.isEmpty && tables.differs.isEmpty }

  private static func check(_ result: CellResult, _ folder: String, _ index: SweepIndex?, _ bench: Workbench) -> Cell {
    var cell = Cell(id: result.id, status: result.status)
    let entries = index?.cells.filter { $0.id == result.id }
    if let entries {
      if let recorded = entries.first?.result {
        cell.compare("result.json", SweepIndex.digest(of: result.id, in: folder) ?? "none", recorded)
      } else {
        cell.unchecked.append("was not there when the report was written")
      }
    }
    guard result.status == .ok else {
      cell.unchecked.append("has no numbers: \(result.reason ?? "no reason was recorded")")
      return cell
    }
    cell.checkNumbers(result, folder: "\(folder)/cells/\(result.id)")
    cell.checkInputs(result, tables: entries?.map(\.table), bench: bench)
    return cell
  }

  /// A line per cell, what differs below it, and the sum.
  public var text: String {
    var lines: [String] = []
    for cell in cells {
      lines.append("\(cell.id): \(cell.state) (\(cell.agrees.count) checks)")
      lines += cell.differs.map { "  differs: \($0)" } + cell.unchecked.map { "  not checked: \($0)" }
    }
    for (name, part) in [("comparisons", comparisons), ("tables", tables)] {
      if !part.agrees.isEmpty { lines.append("\(name): \(part.agrees.count) agree") }
      lines += part.differs.map { "\(name): \($0)" } + part.unchecked.map { "\(name): not checked: \($0)" }
    }
    lines.append(
      "\(cells.count) cells: \(verified) without a difference, \(differing) that no longer agree, "
        + "\(unverified) that could not be verified")
    return lines.joined(separator: "\n")
  }
}
