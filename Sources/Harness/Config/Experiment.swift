import Basics
import Foundation

/// An experiment file: a base configuration and the grids of labelled overrides that are swept over it.
public struct Experiment: Sendable {
  /// One cell of a grid: where it stands in its table and what it computes.
  public struct Cell: Sendable {
    public let table: String
    public let row: String
    public let column: String
    /// `row`–`column` as a slug and a digest of the resolved settings.
    public let id: String
    public let config: CellConfig
  }

  public let name: String
  public let title: String
  public let file: String
  public let cells: [Cell]
  /// The `report:` section as written.
  public let report: ConfigTree
  /// What every method may try; nil = settings as they are written.
  public let search: SearchSpec?
  /// What is done about items that two splits share.
  public let leaks: LeakPolicy
  /// What the command line changed, as it was given.
  public let overrides: [String]

  /// Reads an experiment, its includes and overrides, and expands its sweep.
  /// - Parameter overrides: `path.to.key=value`, applied to the base before the sweep.
  /// - Throws: ``IeumError``: data for files that cannot be read, usage for settings that are wrong.
  public static func load(_ path: String, overrides: [String] = []) throws -> Experiment {
    var tree = try included(path, trail: [])
    for override in overrides { tree = try applied(override, to: tree) }
    let problems = ConfigProblems()
    let reader = ConfigReader(tree, path: "", problems: problems)
    let name = reader.string("experiment")
    let title = reader.string("title", default: name)
    let base = reader.tree("base") ?? .empty
    let sweep = reader.tree("sweep")
    let report = reader.tree("report") ?? .empty
    let search = SearchSpec(budget: reader.tree("budget"), search: reader.tree("search"), problems: problems)
    let leaks = LeakPolicy(reader.section("leaks"))
    _ = reader.tree("include")
    reader.finish()
    try problems.check()
    let cells = try expanded(sweep, base: base, file: path)
    try search?.requireUse(of: cells)
    return Experiment(
      name: name, title: title, file: path, cells: cells, report: report, search: search, leaks: leaks,
      overrides: overrides)
  }

  /// The tree of a file laid over the trees it includes (paths relative to the file).
  private static func included(_ path: String, trail: [String]) throws -> ConfigTree {
    guard !trail.contains(path) else {
      throw IeumError(.usage, "includes itself", file: path, remedy: "remove one of the includes")
    }
    let own = try ConfigTree.read(path)
    guard case .map = own else {
      throw IeumError(.usage, "must be a map of settings", file: path, remedy: "see docs/experiments.md")
    }
    var merged = ConfigTree.empty
    if case .list(let files, _)? = own["include"] {
      for case .scalar(let file, _, _) in files {
        let folder = (path as NSString).deletingLastPathComponent
        let resolved = ((folder as NSString).appendingPathComponent(file) as NSString).standardizingPath
        merged = merged.merged(with: try included(resolved, trail: trail + [path]))
      }
    }
    return merged.merged(with: own)
  }

  private static func applied(_ override: String, to tree: ConfigTree) throws -> ConfigTree {
    guard let equals = override.firstIndex(of: "="), equals != override.startIndex else {
      throw IeumError(.usage, "'\(override)' is not of the form path.to.key=value", place: "--set")
    }
    let keys = override[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let value = try ConfigTree.parse(String(override[override.index(after: equals)...]), file: "--set \(override)")
    // Settings of a cell live under `base:`; the short form without it is what users write.
    let topLevel = ["base", "sweep", "report", "experiment", "title", "budget", "search", "leaks"]
    let path = topLevel.contains(keys[0]) ? keys : ["base"] + keys
    return tree.setting(path, to: value)
  }

  private static func expanded(_ sweep: ConfigTree?, base: ConfigTree, file: String) throws -> [Cell] {
    guard let sweep else { return [try cell("main", row: "", column: "", tree: base)] }
    guard case .list(let grids, _) = sweep else {
      throw IeumError(.usage, "'sweep' must be a list of grids", place: sweep.place)
    }
    let cells = try grids.flatMap { try Grid($0).cells(base: base) }
    var seen: Set<String> = []
    for cell in cells where !seen.insert("\(cell.table)/\(cell.id)").inserted {
      throw IeumError(
        .usage, "the cell '\(cell.row) / \(cell.column)' stands twice in table '\(cell.table)'", file: file,
        remedy: "give each row and column settings of its own")
    }
    return cells
  }

  static func cell(_ table: String, row: String, column: String, tree: ConfigTree) throws -> Cell {
    let config = try CellConfig(tree)
    let label = [row, column].filter { !$0.isEmpty }.joined(separator: "-")
    let id = "\(slug(label.isEmpty ? table : label))-\(Digest.of(tree.removing("resources").canonical).prefix(10))"
    return Cell(table: table, row: row, column: column, id: id, config: config)
  }

  /// Lower-case letters, digits and hyphens only; other characters become hyphens.
  static func slug(_ text: String) -> String {
    let mapped = text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
    return String(mapped).split(separator: "-").joined(separator: "-")
  }
}

/// One grid of a sweep: rows × columns of labelled overrides, times any further axes.
struct Grid {
  private let table: String
  private let rows: [ConfigTree.Entry]
  private let columns: [ConfigTree.Entry]
  private let axes: [(path: [String], values: [ConfigTree])]

  init(_ tree: ConfigTree) throws {
    let problems = ConfigProblems()
    let reader = ConfigReader(tree, path: "sweep", problems: problems)
    table = reader.string("table")
    rows = try Grid.labelled(reader.tree("rows"))
    columns = try Grid.labelled(reader.tree("columns"))
    axes = try Grid.axes(reader.tree("axes"))
    reader.finish()
    try problems.check()
  }

  /// More cells than any sweep has; a list of long axes multiplies to more than there is memory for.
  static let maximumCells = 100_000

  func cells(base: ConfigTree) throws -> [Experiment.Cell] {
    let sizes = [rows.count, columns.count] + axes.map(\.values.count)
    let count = sizes.reduce(1) { min($0 * min($1, Grid.maximumCells + 1), Grid.maximumCells + 1) }
    guard count <= Grid.maximumCells else {
      throw IeumError(
        .usage, "table '\(table)' has more than \(Grid.maximumCells) cells", remedy: "cut the sweep into several files")
    }
    return try rows.flatMap { row in
      try columns.flatMap { column in
        try combinations().map { combination in
          var tree = base.merged(with: row.value).merged(with: column.value)
          for (path, value) in combination { tree = tree.setting(path, to: value) }
          let suffix = combination.map { " " + ($0.1.flattened.first?.value ?? "") }.joined()
          return try Experiment.cell(table, row: row.key + suffix, column: column.key, tree: tree)
        }
      }
    }
  }

  private func combinations() -> [[([String], ConfigTree)]] {
    axes.reduce([[]]) { partial, axis in
      partial.flatMap { head in axis.values.map { head + [(axis.path, $0)] } }
    }
  }

  private static func labelled(_ tree: ConfigTree?) throws -> [ConfigTree.Entry] {
    guard let tree else { return [.init(key: "", value: .empty)] }
    guard case .map(let entries, _) = tree, !entries.isEmpty else {
      throw IeumError(.usage, "must be a map of label: settings", place: tree.place)
    }
    return entries
  }

  private static func axes(_ tree: ConfigTree?) throws -> [(path: [String], values: [ConfigTree])] {
    guard let tree else { return [] }
    guard case .map(let entries, _) = tree else {
      throw IeumError(.usage, "'axes' must be a map of path.to.key: [values]", place: tree.place)
    }
    return try entries.map { entry in
      guard case .list(let values, _) = entry.value, !values.isEmpty else {
        throw IeumError(.usage, "axis '\(entry.key)' must be a list of values", place: entry.value.place)
      }
      return (entry.key.split(separator: ".").map(String.init), values)
    }
  }
}
