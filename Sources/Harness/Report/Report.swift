import Basics
import Foundation

/// What ``Report/write(experiment:resultsFolder:spec:paperTables:)`` made.
public struct ReportOutput: Sendable {
  /// The tables as aligned text for the terminal.
  public let tables: [String]
  public let pagePath: String
  /// SVG and PNG of every figure that could be drawn.
  public let figurePaths: [String]
  /// What could not be shown, and the way out.
  public let warnings: [String]
}

/// Turns stored results into tables, figures and a page; computes no metric and runs no model.
public enum Report {
  /// Writes `tables/*.{md,csv,tex}`, `figures/*.{gp,dat,svg,png}` and `index.html` into the results folder.
  /// - Parameters:
  ///   - experiment: its name, as shown.
  ///   - resultsFolder: `results/<experiment>`, with `cells/<cell-id>/result.json` and, where there are,
  ///     `cells/<cell-id>/train.csv` and `figures-data/*.csv`.
  ///   - paperTables: the folder `paper-tables`.
  /// - Throws: ``IeumError``: usage for an unknown figure name, data for a damaged result or paper table, system
  ///   when a file cannot be written. A figure that cannot be drawn is a warning.
  public static func write(
    experiment: String, resultsFolder: String, spec: ReportSpec, paperTables: String
  ) throws -> ReportOutput {
    try write(
      experiment: experiment, resultsFolder: resultsFolder, spec: spec, paperTables: paperTables,
      gnuplot: Gnuplot.found())
  }

  /// The same with a given gnuplot.
  public static func write(
    experiment: String, resultsFolder: String, spec: ReportSpec, paperTables: String, gnuplot: Gnuplot
  ) throws -> ReportOutput {
    try FigureRegistry.check(spec.figures)
    let results = try cells(in: resultsFolder)
    var warnings = results.isEmpty ? ["no results in \(resultsFolder)/cells; run the experiment first"] : []
    let leaks = try LeakGuard.read(resultsFolder)
    let tables = try ReportTables(
      spec, results: results, tests: TableComparisons.read(resultsFolder), leaks: leaks, paperTables: paperTables)
    for file in tables.files { try AtomicFile.write(file.text, to: "\(resultsFolder)/tables/\(file.name)") }
    let pictures = try draw(
      spec.figures, results: results, folder: resultsFolder, paperTables: paperTables, gnuplot: gnuplot,
      warnings: &warnings)
    var page = Page(
      experiment: experiment, spec: spec, results: results, tables: tables.grids,
      pictures: pictures.map(\.picture), sources: sources(tables.papers), warnings: warnings)
    page.comparisons = tables.comparisons
    page.leaks = leaks
    page.examples = try Examples.read(resultsFolder).map { PageExamples.render($0, folder: resultsFolder) } ?? ""
    let pagePath = "\(resultsFolder)/index.html"
    try AtomicFile.write(page.render(), to: pagePath)
    return ReportOutput(
      tables: tables.comparisons.map(MetricTableText.text) + tables.grids.map(TextTable.render), pagePath: pagePath,
      figurePaths: pictures.flatMap(\.paths), warnings: warnings)
  }

  /// All cells of a results folder, in the order of their folder names.
  /// - Throws: ``IeumError`` (data) for a damaged `result.json`.
  public static func cells(in resultsFolder: String) throws -> [CellResult] {
    let folder = resultsFolder + "/cells"
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    return try names.map { "\(folder)/\($0)/result.json" }
      .filter { FileManager.default.fileExists(atPath: $0) }
      .map(CellResult.read)
  }

  private struct Drawn {
    let picture: Page.Picture
    let paths: [String]
  }

  // A missing log or a missing gnuplot costs one figure, not the report.
  private static func draw(
    _ specs: [FigureSpec], results: [CellResult], folder: String, paperTables: String, gnuplot: Gnuplot,
    warnings: inout [String]
  ) throws -> [Drawn] {
    var drawn: [Drawn] = []
    for spec in specs {
      let context = FigureContext(spec: spec, results: results, folder: folder, paperTables: paperTables)
      do {
        let figure = try FigureRegistry.make(context)
        let paths = try gnuplot.draw(figure, folder: "\(folder)/figures")
        let png = paths.first { $0.hasSuffix(".png") }.flatMap { FileManager.default.contents(atPath: $0) }
        drawn.append(Drawn(picture: Page.Picture(figure: figure, png: png ?? Data()), paths: paths))
      } catch let error as IeumError {
        warnings.append("figure \(spec.name): \(error)")
      }
    }
    return drawn
  }

  private static func sources(_ papers: [PaperTable?]) -> [PaperSource] {
    var seen = Set<String>()
    return papers.compactMap { $0?.source }.filter { seen.insert($0.id).inserted }
  }
}
