import Basics
import Models
import Ranking
import Tensors

/// Finds settings that no run could carry out before any cell is computed: unknown names, parameters that do not exist,
/// values out of range. What is missing on disk is not its business; that is told cell by cell.
enum CellCheck {
  /// - Throws: ``IeumError`` (usage) naming the cell and the setting.
  static func check(_ cell: Experiment.Cell, bench: Workbench) throws {
    do {
      try settings(cell.config)
      _ = try CellRunner(cell: cell, bench: bench, progress: Progress()).task()
    } catch let error as IeumError where error.kind == .usage {
      let label = [cell.table, cell.row, cell.column].filter { !$0.isEmpty }.joined(separator: " / ")
      throw IeumError(
        .usage, error.problem, file: error.file, place: [label, error.place].compactMap { $0 }.joined(separator: ", "),
        remedy: error.remedy)
    } catch is IeumError {}
  }

  /// What the machine must have before cells are computed here.
  /// - Throws: ``IeumError`` (usage) where the cell's device is not there.
  static func device(of cell: Experiment.Cell) throws {
    try cell.config.training.device.check(place: "training.device")
  }

  private static func settings(_ config: CellConfig) throws {
    for name in config.evaluation.metrics { _ = try Metric.parse(name) }
    if let directions = config.directions {
      try RankedDirections.check(directions, config.evaluation.metrics)
    }
    // The tasks of towers and clips check the rest themselves, as they are made.
    if config.towers != nil || config.clips != nil { return }
    let model = config.model
    if model.name == KNNBaseline.name {
      _ = try Parameters(model.parameters, specs: KNNBaseline.parameters, owner: "model '\(model.name)'")
    } else {
      let spec = try JointModelRegistry.named(model.name)
      _ = try Parameters(model.parameters, specs: spec.parameters, owner: "model '\(model.name)'")
    }
    _ = try LossRegistry.named(config.loss.name).trainingLoss(
      config.loss.parameters, mining: config.loss.mining.flatMap { Mining(rawValue: $0) }, positivesPerAnchor: 1)
    _ = try TiePolicy.named(config.evaluation.ties)
  }
}
