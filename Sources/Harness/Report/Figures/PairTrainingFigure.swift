import Basics
import Foundation

/// A training on pairs: the loss of each source by epoch, and the score on validation data on an axis of its own.
enum PairTrainingFigure {
  /// Reads a cell's `train.csv`: `epoch`, `score` and a column `loss_SOURCE` for each source; `train_loss` where there are none.
  static func make(_ context: FigureContext) throws -> Figure {
    let cell = try chosen(context)
    let path = "\(context.folder)/cells/\(cell.id)/train.csv"
    let header = try FigureContext.header(of: path)
    // Clips have one loss over all their sources.
    let named = header.filter { $0.hasPrefix("loss_") }
    let sources = named.isEmpty ? header.filter { $0 == "train_loss" && header.contains("score") } : named
    guard !sources.isEmpty else {
      throw IeumError(.data, "has no column 'loss_…'", file: path, remedy: "draw fig24 for a training on items")
    }
    let rows = try FigureContext.rows(of: path, columns: ["epoch", "score"] + sources)
    let lines = try rows.enumerated().map { index, row in
      try row.map { "\(try FigureContext.number($0, file: path, record: index))" }.joined(separator: " ")
    }
    let (name, stop) = (context.spec.name, cell.selectedEpochs.first ?? 0)
    let colours = [FigureStyle.ours, "#3c8f80", "#8a6d9e"]
    let losses = sources.enumerated().map { index, source in
      "'\(name).dat' using 1:\(index + 3) with lines lw 2.5 lc rgb '\(colours[index % colours.count])' "
        + "title \(FigureStyle.quote(named.isEmpty ? "loss" : "loss, \(source.dropFirst(5))"))"
    }
    return Figure(
      name: name, title: context.title("Training: \(cell.rowTitle)"),
      caption: "Mean loss of an epoch\(named.isEmpty ? "" : " on each source") (left) and the score on validation data "
        + "(right) that chose the checkpoint of epoch \(stop).",
      settings: [
        "set xlabel 'epoch' tc rgb '#222222'", "set ylabel 'loss' tc rgb '#222222'",
        "set y2label 'score on validation data' tc rgb '#222222'", "set y2tics", "set ytics nomirror", "set border 11",
        "set offsets 0, 0, graph 0.08, graph 0.02", "set rmargin 10",
        "set arrow 1 from first \(stop), graph 0 to first \(stop), graph 1 nohead lw 1.5 dt 3 lc rgb '#555555'",
      ],
      plots: losses + [
        "'\(name).dat' using 1:2 axes x1y2 with lines lw 2.5 dt 2 lc rgb '\(FigureStyle.accent)' title 'validation score'"
      ],
      data: "# epoch score \(sources.joined(separator: " "))\n" + lines.joined(separator: "\n") + "\n")
  }

  private static func chosen(_ context: FigureContext) throws -> CellResult {
    let done = context.results.filter { $0.status == .ok }
    guard let wanted = context.spec.cell else {
      // The rows of the experiment in their order: the last is the full method.
      let rows = context.spec.rows ?? []
      if let cell = rows.reversed().lazy.compactMap({ row in done.first { $0.row == row } }).first ?? done.last {
        return cell
      }
      throw IeumError(.data, "no cell has numbers", file: "\(context.folder)/cells", remedy: "run the experiment")
    }
    if let cell = done.first(where: { $0.id == wanted || $0.row == wanted || "\($0.row)/\($0.column)" == wanted }) {
      return cell
    }
    throw Suggestion.unknown("cell with numbers", wanted, known: done.map(\.row), place: "report.figures")
  }
}
