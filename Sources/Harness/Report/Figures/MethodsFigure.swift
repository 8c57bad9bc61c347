import Basics
import Ranking

/// Figure 31 of hong2022: one pair of bars per method, ours with its spread over seeds and the published value.
enum MethodsFigure {
  private struct Bar {
    let title: String
    let value: Spread?
    let published: Double?
  }

  static func make(_ context: FigureContext) throws -> Figure {
    let metric = MetricStyle(context.spec.metric ?? "cappedR@20")
    let paper = try context.paper(default: "hong2022/figure31")
    let match = paper.map { PaperMatch($0) }
    let labels = context.spec.rows ?? FootnoteLetters.ordered(context.results.compactMap(\.method))
    guard !labels.isEmpty else {
      throw IeumError(
        .data, "no cell names a method", file: "\(context.folder)/cells",
        remedy: "give the cells of the figure a method")
    }
    let bars = labels.map { label in
      let cell = cell(label, in: context.results)
      return Bar(
        title: title(label, cell), value: cell?.status == .ok ? cell?.summary[metric.name] : nil,
        published: match?.value(row: label, column: nil, metric: metric)?.value)
    }
    return figure(context, bars, metric: metric, paper: bars.contains { $0.published != nil } ? paper : nil)
  }

  // A cell named by its method comes first; a row label also serves, if it is the only one.
  private static func cell(_ label: String, in results: [CellResult]) -> CellResult? {
    let named = results.filter { $0.method == label }
    let candidates = named.isEmpty ? results.filter { $0.row == label } : named
    return candidates.first { $0.row == label } ?? candidates.first { $0.status == .ok } ?? candidates.first
  }

  private static func title(_ label: String, _ cell: CellResult?) -> String {
    guard let cell else { return label }
    if cell.row == label { return cell.rowTitle }
    return cell.column == label ? cell.columnTitle : label
  }

  private static func figure(
    _ context: FigureContext, _ bars: [Bar], metric: MetricStyle, paper: PaperTable?
  ) -> Figure {
    let name = context.spec.name
    let lines = bars.enumerated().map { index, bar in
      let ours = bar.value.map { value in
        value.std > 0 ? "\(metric.format(value.mean)) ± \(metric.format(value.std))" : metric.format(value.mean)
      }
      return [
        String(bars.count - index), FigureStyle.number(bar.value?.mean), FigureStyle.number(bar.value?.std ?? 0),
        FigureStyle.number(bar.published), FigureStyle.field(ours ?? "—"),
        FigureStyle.field(bar.published.map(metric.format) ?? ""), FigureStyle.field(bar.title),
      ].joined(separator: " ")
    }
    let tics = bars.enumerated().map { "\(FigureStyle.quote($1.title)) \(bars.count - $0)" }
    let largest = bars.map { (bar: Bar) -> Double in
      max((bar.value?.mean ?? 0) + (bar.value?.std ?? 0), bar.published ?? 0)
    }.max() ?? 1
    let (shift, half) = paper == nil ? (0.0, 0.3) : (0.19, 0.17)
    let dat = "'\(name).dat'"
    var plots = [
      "\(dat) using ($2/2):($1+\(shift)):($2/2):(\(half)) with boxxyerror "
        + "fc rgb '\(FigureStyle.ours)' title 'this run'",
      "\(dat) using 2:($3>0 ? $1+\(shift) : NaN):3 with xerrorbars pt -1 lw 1.3 lc rgb '#223344' notitle",
      "\(dat) using (($2==$2 ? $2+$3 : 0)):($1+\(shift)):5 with labels left offset 0.7,0 font ',11' "
        + "tc rgb '\(FigureStyle.dark)' notitle",
    ]
    if let paper {
      plots += [
        "\(dat) using ($4/2):($1-\(shift)):($4/2):(\(half)) with boxxyerror fc rgb '\(FigureStyle.published)' "
          + "title 'published (\(paper.shortName))'",
        "\(dat) using 4:($1-\(shift)):6 with labels left offset 0.7,0 "
          + "font ',11' tc rgb '\(FigureStyle.muted)' notitle",
      ]
    }
    return Figure(
      name: name, title: context.title("Methods, \(metric.label)"),
      caption: "\(metric.label) of each method, \(metric.direction); whiskers: standard deviation over the seeds."
        + (paper == nil ? "" : " The published values were measured on that work's own data."),
      settings: [
        "set xrange [0:\(largest * 1.18)]", "set yrange [0.4:\(Double(bars.count) + 0.6)]",
        "set xlabel '\(metric.label)' tc rgb '#222222'", "set ytics (\(tics.joined(separator: ", ")))",
        "set grid noytics xtics", "set ytics scale 0", "set border 1",
      ],
      plots: plots,
      data: "# y mean std published text published-text method\n" + lines.joined(separator: "\n") + "\n",
      height: 180 + 58 * bars.count)
  }
}
