import Foundation

/// Recall against queries per second, the front of each index as a line.
enum ParetoFigure {
  static func make(_ points: [IndexMeasurement], k: Int, title: String, name: String = "pareto") -> Figure {
    let indexes = points.map(\.index).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    let blocks = indexes.map { index in
      let own = points.filter { $0.index == index }
      // A front of the index itself: points below it only blur the picture.
      let front = IndexBench.marked(own).filter(\.isPareto).sorted { $0.annRecall < $1.annRecall }
      return "# \(index)\n" + front.map { "\($0.annRecall) \($0.qps)" }.joined(separator: "\n")
    }
    let plots = indexes.enumerated().map { place, index in
      let colour = FigureStyle.classes[place % FigureStyle.classes.count]
      let shape = FigureStyle.shapes[place % FigureStyle.shapes.count]
      return
        "'\(name).dat' index \(place) using 1:2 with linespoints lw 2 pt \(shape) ps 0.9 lc rgb '\(colour)' "
        + "title \(FigureStyle.quote(index))"
    }
    let lowest = points.map(\.annRecall).min() ?? 0
    return Figure(
      name: name, title: title,
      caption: "Pareto front of each index; one thread, one query at a time.",
      settings: [
        "set logscale y", "set xrange [\(max(0, (lowest * 20).rounded(.down) / 20 - 0.02)):1.005]",
        "set xlabel 'annRecall@\(k)' tc rgb '#222222'", "set ylabel 'queries per second' tc rgb '#222222'",
        "set grid xtics ytics", "set format y '%.0f'",
      ],
      plots: plots, data: blocks.joined(separator: "\n\n\n") + "\n")
  }
}
