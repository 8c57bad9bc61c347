import Basics
import Foundation
import Ranking

/// Finds the settings of a cell within the experiment's budget. Trials are cells of their own: cached, resumable,
/// evaluated on the validation split only.
struct CellSearch {
  let spec: SearchSpec
  let bench: Workbench
  let progress: Progress
  /// Processes that train side by side, this one among them.
  var beside = 1

  /// A cell's final settings and the trials that led to them.
  struct Found {
    let cell: Experiment.Cell
    let record: SearchRecord?
  }

  /// - Returns: nil while trials are missing.
  /// - Throws: ``IeumError`` (usage) for a budget that does not fit the ranges; (data) when every trial failed.
  func found(_ cell: Experiment.Cell) throws -> Found? {
    let points = try points(for: cell)
    guard !points.isEmpty else { return Found(cell: try final(cell, []), record: nil) }
    let metric = try metric(cell)
    var record = SearchRecord(
      method: spec.method.rawValue, trials: spec.trials, epochs: spec.epochs, metric: metric.name, seed: spec.seed)
    for (index, point) in points.enumerated() {
      let trial = try trial(index, point, of: cell, metric)
      var tried = SearchRecord.Trial(
        settings: Dictionary(point.map { ($0.path.joined(separator: "."), $0.value.text) }, uniquingKeysWith: { $1 }))
      if let run = try stored(trial) {
        (tried.value, tried.keptEpoch) = (run.metrics[metric.name], run.selectedEpoch)
      } else {
        guard CellFailure.stands(trial, bench: bench) else { return nil }
        tried.reason = CellFailure.reason(trial, bench.cache) ?? "failed"
      }
      record.tried.append(tried)
    }
    guard let best = best(record.tried, metric) else {
      throw IeumError(
        .data, "all \(points.count) trials failed (\(record.tried.first?.reason ?? ""))", place: cell.id,
        remedy: "narrow the ranges of the search")
    }
    record.chosen = best
    return Found(cell: try final(cell, points[best]), record: record)
  }

  /// Computes the missing trials.
  /// - Returns: false when another process is at some of them.
  func run(_ cell: Experiment.Cell, wait: Bool) throws -> Bool {
    let metric = try metric(cell)
    var isWhole = true
    for (index, point) in try points(for: cell).enumerated() {
      let trial = try trial(index, point, of: cell, metric)
      if CellFailure.stands(trial, bench: bench) { continue }
      do {
        if try !CellRunner(cell: trial, bench: bench, progress: progress, beside: beside).run(wait: wait) { isWhole = false }
      } catch let error as IeumError where error.kind != .system {
        // A diverged trial is spent; the others may do.
        try CellFailure.record(error, trial, bench: bench)
        if !CellFailure.stands(trial, bench: bench) { throw error }
      }
    }
    return isWhole
  }

  /// The trials' cells, for forgetting their failures.
  func trials(_ cell: Experiment.Cell) throws -> [Experiment.Cell] {
    let metric = try metric(cell)
    return try points(for: cell).enumerated().map { try trial($0, $1, of: cell, metric) }
  }

  private typealias Point = [(path: [String], value: ConfigTree)]

  /// The settings that are tried; none for a method that has none of those searched over.
  private func points(for cell: Experiment.Cell) throws -> [Point] {
    let ranges = spec.ranges.filter { $0.applies(to: cell.config) }
    guard !ranges.isEmpty else { return [] }
    switch spec.method {
    case .random:
      return (0..<spec.trials).map { trial in
        ranges.map { range in
          // A range's draws do not depend on what else is searched: methods that share it try the same values.
          var generator = SeededGenerator(seed: UInt64(spec.seed), purpose: "search-\(trial)-\(range.name)")
          return (range.path, range.drawn(&generator))
        }
      }
    case .grid:
      let grid = ranges.reduce([[]]) { partial, range in
        partial.flatMap { head in range.grid.map { head + [(range.path, $0)] } }
      } as [Point]
      guard grid.count == spec.trials else {
        throw IeumError(
          .usage, "the grid has \(grid.count) points, but every method has \(spec.trials) trials", place: cell.id,
          remedy: "make budget.trials \(grid.count), or search at random where methods have different settings")
      }
      return grid
    }
  }

  private func metric(_ cell: Experiment.Cell) throws -> Metric {
    try Metric.parse(spec.metric ?? cell.config.evaluation.metrics.first ?? "R@1")
  }

  private func trial(
    _ index: Int, _ point: Point, of cell: Experiment.Cell, _ metric: Metric
  ) throws -> Experiment.Cell {
    var tree = settings(cell, point)
    func list(_ texts: [String]) -> ConfigTree {
      .list(texts.map { .scalar($0, quoted: false, at: "search") }, at: "search")
    }
    tree = tree.setting(["evaluation", "split"], to: .scalar("validation", quoted: false, at: "search"))
    tree = tree.setting(["evaluation", "metrics"], to: list([metric.name]))
    tree = tree.setting(["seeds"], to: list([String(spec.seed)]))
    return Experiment.Cell(
      table: cell.table, row: cell.row, column: cell.column, id: "\(cell.id)-trial-\(index + 1)",
      config: try CellConfig(tree))
  }

  private func final(_ cell: Experiment.Cell, _ point: Point) throws -> Experiment.Cell {
    Experiment.Cell(
      table: cell.table, row: cell.row, column: cell.column, id: cell.id, config: try CellConfig(settings(cell, point)))
  }

  /// The budget's epochs come last: no point sets others.
  private func settings(_ cell: Experiment.Cell, _ point: Point) -> ConfigTree {
    let tree = point.reduce(cell.config.tree) { $0.setting($1.path, to: $1.value) }
    return tree.setting(["training", "epochs"], to: .scalar(String(spec.epochs), quoted: false, at: "budget.epochs"))
  }

  private func stored(_ trial: Experiment.Cell) throws -> RunRecord? {
    let runner = CellRunner(cell: trial, bench: bench, progress: progress)
    return RunRecord.read(runner.folder(try runner.task(), seed: spec.seed))
  }

  /// The best value; of equal ones the first.
  private func best(_ tried: [SearchRecord.Trial], _ metric: Metric) -> Int? {
    tried.indices.filter { tried[$0].value != nil }.min { a, b in
      let (x, y) = (tried[a].value ?? 0, tried[b].value ?? 0)
      if x == y { return a < b }
      return metric.better == .lower ? x < y : x > y
    }
  }
}

extension ConfigTree {
  /// A scalar's text; other values as JSON.
  var text: String {
    if case .scalar(let text, _, _) = self { return text }
    return canonical
  }
}
