import Basics

/// Figure 25 of hong2022: how the items fall into train, validation and test; ours above the published split.
enum SplitFigure {
  private struct Bar {
    let title: String
    let parts: [(name: String, items: Double)]
  }

  private static let order = ["train", "validation", "test"]
  private static let colours = ["#4477aa", "#ddaa33", "#cc6677", "#44aa99", "#777777"]

  /// Reads `figures-data/split.csv`: `split,items`.
  static func make(_ context: FigureContext) throws -> Figure {
    let file = "\(context.folder)/figures-data/split.csv"
    let rows = try context.data("split", columns: ["split", "items|count"])
    let ours = try rows.enumerated().map { index, row in
      (name: row[0], items: try FigureContext.number(row[1], file: file, record: index))
    }
    guard ours.reduce(0, { $0 + $1.items }) > 0 else { throw IeumError(.data, "counts no items", file: file) }
    let paper = try context.paper(default: "hong2022/figure25")
    let theirs = paper?.entries.filter { $0.metric == "items" }.map { (name: $0.row, items: $0.value) } ?? []
    var bars = [Bar(title: "this run", parts: sorted(ours))]
    if let paper, !theirs.isEmpty { bars.append(Bar(title: "published, \(paper.source.id)", parts: sorted(theirs))) }
    return figure(context, bars)
  }

  private static func sorted(_ parts: [(name: String, items: Double)]) -> [(name: String, items: Double)] {
    func place(_ name: String) -> Int { order.firstIndex(of: name) ?? order.count }
    return parts.enumerated().sorted { (place($0.1.name), $0.0) < (place($1.1.name), $1.0) }.map(\.element)
  }

  private static func figure(_ context: FigureContext, _ bars: [Bar]) -> Figure {
    let names = FootnoteLetters.ordered(bars.flatMap { $0.parts.map(\.name) })
    var lines: [String] = []
    for (index, bar) in bars.enumerated() {
      let total = bar.parts.reduce(0) { $0 + $1.items }
      var start = 0.0
      for part in bar.parts {
        let share = part.items / total * 100
        let text = "\(Int(part.items)) (\(MetricStyle("share").format(share)) %)"
        let place = names.firstIndex(of: part.name) ?? 0
        lines.append(
          "\(bars.count - index) \(start + share / 2) \(share / 2) \(place) "
            + "\(FigureStyle.field(part.name)) \(FigureStyle.field(text))")
        start += share
      }
    }
    let name = context.spec.name
    let tics = bars.enumerated().map { "\(FigureStyle.quote($1.title)) \(bars.count - $0)" }
    let boxes = names.indices.map { place in
      "'\(name).dat' using ($4==\(place) ? $2 : NaN):1:3:(0.3) with boxxyerror "
        + "fs solid 1 border lc rgb 'white' fc rgb '\(colours[place % colours.count])' notitle"
    }
    return Figure(
      name: name, title: context.title("Data split"),
      caption: "Number of items and share of each part of the split.",
      settings: [
        "set xrange [0:100]", "set yrange [0.5:\(Double(bars.count) + 0.5)]",
        "set xlabel 'share of the items (%)' tc rgb '#222222'", "set ytics (\(tics.joined(separator: ", ")))",
        "set grid noytics", "set border 1", "set ytics scale 0", "unset key",
      ],
      plots: boxes + [
        "'\(name).dat' using 2:1:5 with labels offset 0,0.6 font ',13' tc rgb 'white' notitle",
        "'\(name).dat' using 2:1:6 with labels offset 0,-0.6 font ',11' tc rgb 'white' notitle",
      ],
      data: "# y centre half-width part name text\n" + lines.joined(separator: "\n") + "\n",
      height: 160 + 90 * bars.count)
  }
}
