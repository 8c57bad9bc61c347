import Basics
import Foundation

/// What a figure may draw from: the cells, their training logs, and `figures-data/*.csv`.
struct FigureContext {
  let spec: FigureSpec
  let results: [CellResult]
  /// `results/<experiment>`.
  let folder: String
  let paperTables: String

  func title(_ fallback: String) -> String { spec.title ?? fallback }

  /// Rows of `figures-data/<name>.csv` below its header, each as long as the header.
  /// - Throws: ``IeumError`` (data) when the file is absent or a row has another length.
  func data(_ name: String, columns: [String]) throws -> [[String]] {
    try Self.rows(of: "\(folder)/figures-data/\(name).csv", columns: columns)
  }

  /// The named columns of a CSV file, in the order asked for; `a|b` = either name.
  static func rows(of path: String, columns: [String]) throws -> [[String]] {
    guard let bytes = FileManager.default.contents(atPath: path), let text = String(data: bytes, encoding: .utf8)
    else { throw IeumError(.data, "cannot be read", file: path, remedy: "run the experiment again") }
    var rows = try CSVText.parse(text, file: path)
    guard !rows.isEmpty else { throw IeumError(.data, "is empty", file: path) }
    let header = rows.removeFirst()
    let places = try columns.map { column in
      let names = column.split(separator: "|").map(String.init)
      guard let place = header.firstIndex(where: names.contains) else {
        throw IeumError(.data, "has no column '\(names[0])'", file: path, place: "line 1")
      }
      return place
    }
    return try rows.enumerated().map { line, row in
      guard row.count == header.count else {
        throw IeumError(
          .data, "has \(row.count) fields instead of \(header.count)", file: path, place: "record \(line + 1)")
      }
      return places.map { row[$0] }
    }
  }

  /// The column names of a CSV file.
  static func header(of path: String) throws -> [String] {
    guard let bytes = FileManager.default.contents(atPath: path), let text = String(data: bytes, encoding: .utf8)
    else { throw IeumError(.data, "cannot be read", file: path, remedy: "run the experiment again") }
    return try CSVText.parse(text, file: path).first ?? []
  }

  /// A finite number of a CSV file.
  static func number(_ text: String, file: String, record: Int) throws -> Double {
    guard let value = Double(text), value.isFinite else {
      throw IeumError(.data, "'\(text)' is not a number", file: file, place: "record \(record + 1)")
    }
    return value
  }

  /// The published table beside ours; nil when none is asked for.
  func paper(default reference: String) throws -> PaperTable? {
    let wanted = spec.paper ?? reference
    guard wanted != "none" else { return nil }
    return try PaperTable.read(wanted, folder: paperTables)
  }
}

/// All figures by name: one line each.
enum FigureRegistry {
  typealias Maker = @Sendable (FigureContext) throws -> Figure

  static let all: [(name: String, make: Maker)] = [
    ("fig18", LossFigures.hinge),
    ("fig19", LossFigures.swish),
    ("fig24", TrainingFigure.make),
    ("fig25", SplitFigure.make),
    ("fig31", MethodsFigure.make),
    ("fig32", ScatterFigure.make),
    ("loss-ablation", AblationFigure.make),
    ("training-pairs", PairTrainingFigure.make),
  ]

  /// - Throws: ``IeumError`` (usage) for the first figure that does not exist.
  static func check(_ specs: [FigureSpec]) throws {
    for spec in specs { _ = try maker(of: spec) }
  }

  /// - Throws: ``IeumError``: usage for an unknown name, data when what the figure draws is not there.
  static func make(_ context: FigureContext) throws -> Figure {
    try maker(of: context.spec)(context)
  }

  private static func maker(of spec: FigureSpec) throws -> Maker {
    guard let entry = all.first(where: { $0.name == spec.name }) else {
      throw Suggestion.unknown("figure", spec.name, known: all.map(\.name), place: "report.figures")
    }
    return entry.make
  }
}
