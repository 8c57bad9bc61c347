import Basics
import Foundation

/// Figure 24 of hong2022: training and validation loss by epoch, and the epoch whose checkpoint was kept.
enum TrainingFigure {
  private struct Log {
    var epochs: [(epoch: Int, training: Double, validation: Double?)] = []
  }

  static func make(_ context: FigureContext) throws -> Figure {
    let cell = try chosen(context)
    let path = logPath(cell, context)
    let logs = try read(path)
    guard let first = logs.first, let last = first.epochs.last else {
      throw IeumError(.data, "has no epochs", file: path)
    }
    let stop = cell.selectedEpochs.first ?? lowest(first)
    let name = context.spec.name
    let blocks = logs.map { log in
      log.epochs.map { "\($0.epoch) \($0.training) \(FigureStyle.number($0.validation))" }.joined(separator: "\n")
    }
    let titles = [cell.rowTitle, cell.columnTitle].filter { !$0.isEmpty }.joined(separator: ", ")
    // The line's text stands on the side with more room.
    let side = stop * 2 > last.epoch + first.epochs[0].epoch ? "right offset -0.8,0" : "left offset 0.8,0"
    return Figure(
      name: name, title: context.title("Training and validation loss: \(titles)"),
      caption: "Mean loss of an epoch; the checkpoint of epoch \(stop) was kept"
        + (logs.count > 1 ? " (first seed; the other seeds are thin)." : "."),
      settings: [
        "set xlabel 'epoch' tc rgb '#222222'", "set ylabel 'loss' tc rgb '#222222'",
        "set offsets 0, 0, graph 0.08, graph 0.02",
        "set xrange [\(first.epochs[0].epoch):\(max(last.epoch, first.epochs[0].epoch + 1))]",
        "set arrow 1 from first \(stop), graph 0 to first \(stop), graph 1 nohead lw 1.5 dt 3 lc rgb '#555555'",
        "set label 1 'kept: epoch \(stop)' at first \(stop), graph 0.96 \(side) font ',12' tc rgb '#555555'",
      ],
      plots: plots(name, count: logs.count),
      data: "# epoch training validation\n" + blocks.joined(separator: "\n\n\n") + "\n")
  }

  private static func plots(_ name: String, count: Int) -> [String] {
    let others = (1..<max(count, 1)).flatMap { seed in
      [(2, FigureStyle.ours), (3, FigureStyle.accent)].map { column, colour in
        "'\(name).dat' index \(seed) using 1:\(column) with lines lw 1 lc rgb '#99\(colour.dropFirst())' notitle"
      }
    }
    return others + [
      "'\(name).dat' index 0 using 1:2 with lines lw 2.5 lc rgb '\(FigureStyle.ours)' title 'training'",
      "'\(name).dat' index 0 using 1:3 with lines lw 2.5 dt 2 lc rgb '\(FigureStyle.accent)' title 'validation'",
    ]
  }

  private static func logPath(_ cell: CellResult, _ context: FigureContext) -> String {
    "\(context.folder)/cells/\(cell.id)/train.csv"
  }

  private static func chosen(_ context: FigureContext) throws -> CellResult {
    let withLog = context.results.filter {
      $0.status == .ok && FileManager.default.fileExists(atPath: logPath($0, context))
    }
    guard let wanted = context.spec.cell else {
      if let first = withLog.first { return first }
      throw IeumError(.data, "no cell has a train.csv", file: "\(context.folder)/cells", remedy: "run the experiment")
    }
    if let cell = withLog.first(where: { $0.id == wanted || "\($0.row)/\($0.column)" == wanted }) { return cell }
    let known = withLog.flatMap { ["\($0.row)/\($0.column)"] }
    throw Suggestion.unknown("cell with a train.csv", wanted, known: known, place: "report.figures")
  }

  // One log per value of the `seed` column, in file order; one log when there is no such column.
  private static func read(_ path: String) throws -> [Log] {
    let columns = ["epoch", "train_loss|training_loss|trainLoss|loss"]
    let rows = try FigureContext.rows(of: path, columns: columns)
    let validation = try? FigureContext.rows(of: path, columns: ["validation_loss|val_loss|validationLoss"])
    let seeds = try? FigureContext.rows(of: path, columns: ["seed"])
    var order: [String] = []
    var logs: [String: Log] = [:]
    for (index, row) in rows.enumerated() {
      let seed = seeds?[index][0] ?? ""
      if logs[seed] == nil { order.append(seed) }
      logs[seed, default: Log()].epochs.append(
        (
          epoch: Int(try FigureContext.number(row[0], file: path, record: index)),
          training: try FigureContext.number(row[1], file: path, record: index),
          validation: validation.flatMap { Double($0[index][0]) }.flatMap { $0.isFinite ? $0 : nil }
        ))
    }
    return order.compactMap { logs[$0] }
  }

  private static func lowest(_ log: Log) -> Int {
    let best = log.epochs.min { ($0.validation ?? .infinity) < ($1.validation ?? .infinity) }
    return best?.epoch ?? 0
  }
}
