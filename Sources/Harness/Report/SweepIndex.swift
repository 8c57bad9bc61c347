import Basics
import Foundation

/// `sweep.json`: the cells of a sweep and what its report shows, written with the report, so that `ieum verify` knows what
/// a results folder must hold and can make its tables again.
public struct SweepIndex: Codable, Sendable, Equatable {
  public struct Cell: Codable, Sendable, Equatable {
    public var id: String
    /// The grid it belongs to.
    public var table: String
    public var row: String
    public var column: String
    /// SHA-256 of the `result.json` that the report shows; nil where there was none.
    public var result: String?

    public init(id: String, table: String, row: String, column: String, result: String?) {
      (self.id, self.table, self.row, self.column, self.result) = (id, table, row, column, result)
    }
  }

  public var experiment: String
  public var report: ReportSpec
  public var cells: [Cell]

  public init(experiment: String, report: ReportSpec, cells: [Cell]) {
    (self.experiment, self.report, self.cells) = (experiment, report, cells)
  }

  /// The cells of an experiment as they stand in a results folder, and those that stand there beside them (a report may
  /// be made of a run with other settings).
  init(_ experiment: Experiment, report: ReportSpec, folder: String) throws {
    func cell(_ id: String, _ table: String, _ row: String, _ column: String) -> Cell {
      Cell(id: id, table: table, row: row, column: column, result: SweepIndex.digest(of: id, in: folder))
    }
    let own = experiment.cells.map { cell($0.id, $0.table, $0.row, $0.column) }
    let known = Set(own.map(\.id))
    let others = try Report.cells(in: folder).filter { !known.contains($0.id) }.map { result in
      let place = own.first { $0.row == result.row && $0.column == result.column }
      return cell(result.id, place?.table ?? "", result.row, result.column)
    }
    self.init(experiment: experiment.name, report: report, cells: own + others)
  }

  static func path(_ folder: String) -> String { folder + "/sweep.json" }

  /// SHA-256 of a cell's `result.json`; nil where there is none.
  static func digest(of id: String, in folder: String) -> String? { try? Digest.ofFile("\(folder)/cells/\(id)/result.json") }

  /// - Returns: nil for results whose report an older version wrote.
  /// - Throws: ``IeumError`` (data) for a damaged file.
  static func read(_ folder: String) throws -> SweepIndex? {
    guard let data = FileManager.default.contents(atPath: path(folder)) else { return nil }
    do {
      return try JSONDecoder().decode(SweepIndex.self, from: data)
    } catch {
      throw IeumError(.data, "is damaged", file: path(folder), remedy: "delete it; `ieum report` makes it again")
    }
  }

  /// - Throws: ``IeumError`` (system) when it cannot be written.
  public func write(_ folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(self) + Data("\n".utf8), to: SweepIndex.path(folder))
  }
}
