import Basics
import Ranking

/// The loss ablation: every setting that was tried of every loss as a circle, and filled the one that did best on validation
/// data, with its spread over the seeds. All losses had equally many settings to choose from.
enum AblationFigure {
  private struct Method {
    let title: String
    var tried: [(setting: String, value: Spread, validation: Double?)]

    /// The setting that validation data would choose.
    var chosen: (setting: String, value: Spread, validation: Double?)? {
      tried.max { ($0.validation ?? -.infinity) < ($1.validation ?? -.infinity) }
    }
  }

  static func make(_ context: FigureContext) throws -> Figure {
    let metric = MetricStyle(context.spec.metric ?? "R@10")
    let labels = context.spec.rows ?? FootnoteLetters.ordered(context.results.map(\.row))
    let methods = labels.compactMap { label -> Method? in
      let tried = context.results.filter { $0.row == label && $0.status == .ok }.compactMap { cell in
        cell.summary[metric.name].map { value in
          (
            setting: cell.column, value: value,
            validation: cell.chosen[RunRecord.validationScore].flatMap { Spread(of: $0)?.mean }
          )
        }
      }
      return tried.isEmpty ? nil : Method(title: label, tried: tried)
    }
    guard !methods.isEmpty else {
      throw IeumError(
        .data, "no cell has \(metric.name)", file: "\(context.folder)/cells", remedy: "run the experiment first")
    }
    let chance = context.results.compactMap { $0.chance[metric.name] }.first
    return figure(context, methods, metric: metric, chance: chance)
  }

  private static func figure(
    _ context: FigureContext, _ methods: [Method], metric: MetricStyle, chance: Double?
  ) -> Figure {
    let name = context.spec.name
    var lines: [String] = []
    for (index, method) in methods.enumerated() {
      let y = methods.count - index
      for entry in method.tried {
        lines.append("\(y) \(entry.value.mean) 0 0 \(FigureStyle.field(entry.setting)) \(FigureStyle.field(method.title))")
      }
      if let best = method.chosen {
        let label = "\(metric.format(best.value.mean)) (\(best.setting))"
        lines.append(
          "\(y) \(best.value.mean) \(best.value.std) 1 \(FigureStyle.field(label)) \(FigureStyle.field(method.title))")
      }
    }
    let tics = methods.enumerated().map { "\(FigureStyle.quote($1.title)) \(methods.count - $0)" }
    let largest = methods.flatMap { $0.tried.map { $0.value.mean + $0.value.std } }.max() ?? 1
    let dat = "'\(name).dat'"
    var settings = [
      "set xrange [0:\(largest * 1.25)]", "set yrange [0.4:\(Double(methods.count) + 0.6)]",
      "set xlabel '\(metric.label)' tc rgb '#222222'", "set ytics (\(tics.joined(separator: ", ")))",
      "set grid noytics xtics", "set ytics scale 0", "set border 1",
    ]
    if let chance {
      settings.append(
        "set arrow from \(chance), graph 0 to \(chance), graph 1 nohead lw 1.4 dt 2 lc rgb '\(FigureStyle.muted)'")
      settings.append(
        "set label 'chance' at \(chance), graph 1 offset 0.4,-0.7 font ',11' tc rgb '\(FigureStyle.muted)'")
    }
    return Figure(
      name: name, title: context.title("Losses, \(metric.label)"),
      caption: "\(metric.label) of every loss, \(metric.direction). Circles: all settings tried, equally many for each "
        + "loss; filled: the setting that did best on validation data, whiskers its standard deviation over the seeds.",
      settings: settings,
      plots: [
        "\(dat) using ($4==0 ? $2 : NaN):1 with points pt 6 ps 0.9 lw 1.2 lc rgb '\(FigureStyle.ours)' title 'settings tried'",
        "\(dat) using ($4==1 ? $2 : NaN):1 with points pt 7 ps 1.3 lc rgb '\(FigureStyle.accent)' title 'chosen on validation'",
        "\(dat) using ($4==1 && $3>0 ? $2 : NaN):1:3 with xerrorbars pt -1 lw 1.4 lc rgb '\(FigureStyle.accent)' notitle",
        "\(dat) using ($4==1 ? \(largest * 1.04) : NaN):1:5 with labels left font ',11' tc rgb '\(FigureStyle.dark)' notitle",
      ],
      data: "# y mean std chosen setting loss\n" + lines.joined(separator: "\n") + "\n",
      height: 180 + 42 * methods.count)
  }
}
