import Basics

/// Figure 32 of hong2022: test embeddings on their first two principal components, coloured by class.
enum ScatterFigure {
  /// Reads `figures-data/embeddings.csv`: `x,y,label`.
  static func make(_ context: FigureContext) throws -> Figure {
    let file = "\(context.folder)/figures-data/embeddings.csv"
    var points: [String: [String]] = [:]
    for (index, row) in try context.data("embeddings", columns: ["x", "y", "label"]).enumerated() {
      let x = try FigureContext.number(row[0], file: file, record: index)
      let y = try FigureContext.number(row[1], file: file, record: index)
      points[row[2], default: []].append("\(x) \(y)")
    }
    guard !points.isEmpty else { throw IeumError(.data, "has no points", file: file) }
    let labels = points.keys.sorted()
    let name = context.spec.name
    let blocks = labels.map { "# \($0.replacing("\n", with: " "))\n" + (points[$0] ?? []).joined(separator: "\n") }
    let plots = labels.enumerated().map { index, label in
      let colour = FigureStyle.classes[index % FigureStyle.classes.count]
      // The shape changes with every round of colours, so that no two classes look the same.
      let shape = FigureStyle.shapes[(index + index / FigureStyle.classes.count) % FigureStyle.shapes.count]
      return "'\(name).dat' index \(index) using 1:2 with points pt \(shape) ps 0.75 "
        + "lc rgb '#30\(colour.dropFirst())' title \(FigureStyle.quote(label))"
    }
    let count = points.values.reduce(0) { $0 + $1.count }
    return Figure(
      name: name, title: context.title("Test embeddings, first two principal components"),
      caption: "\(count) items of \(labels.count) classes; PCA of the joint vectors.",
      settings: [
        "set xlabel 'component 1' tc rgb '#222222'", "set ylabel 'component 2' tc rgb '#222222'",
        "set grid xtics ytics", "set offsets graph 0.04, graph 0.04, graph 0.04, graph 0.04",
        "set key outside right center vertical Left reverse samplen 0.6 spacing 1.15 font ',\(labels.count > 18 ? 10 : 12)'",
        "set rmargin",
      ],
      plots: plots, data: blocks.joined(separator: "\n\n\n") + "\n", height: 560)
  }
}
