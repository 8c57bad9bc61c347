import Foundation

/// Figures 18 and 19 of hong2022: the two triplet losses as functions of Z = d(a,p) − d(a,n).
enum LossFigures {
  /// max(0, m + Z) with the three update regions (equations 9–12).
  static func hinge(_ context: FigureContext) -> Figure {
    let margin = 0.2
    let data = samples(-1, 1, count: 401).map { "\($0) \(max(0, margin + $0))" }
    return Figure(
      name: context.spec.name, title: context.title("Triplet ranking loss, margin 0.2"),
      caption: "max(0, m + Z), Z = d(a,p) − d(a,n), m = \(margin): easy triplets have neither loss nor gradient.",
      settings: [
        "set xrange [-1:1]", "set yrange [0:1.3]",
        "set xlabel 'Z = d(a,p) − d(a,n)' tc rgb '#222222'", "set ylabel 'loss' tc rgb '#222222'",
        region(1, from: -1, to: -margin, "#eef3ee"), region(2, from: -margin, to: 0, "#fbf4e2"),
        region(3, from: 0, to: 1, "#f8ebec"), name(1, "easy", at: -0.6), name(2, "semi-hard", at: -0.1),
        name(3, "hard", at: 0.5), "unset key",
      ],
      plots: ["'\(context.spec.name).dat' using 1:2 with lines lw 3 lc rgb '\(FigureStyle.ours)' notitle"],
      data: "# Z loss\n" + data.joined(separator: "\n") + "\n")
  }

  /// Z·σ(Z) beside the hinge (equations 14 and 15).
  static func swish(_ context: FigureContext) -> Figure {
    let data = samples(-4, 4, count: 801).map { z in "\(z) \(z / (1 + exp(-z))) \(max(0, 0.2 + z))" }
    return Figure(
      name: context.spec.name, title: context.title("Improved triplet ranking loss, Z·σ(Z)"),
      caption: "Z·σ(Z) has no margin; its slope vanishes at Z ≈ −1.278. Distances of unit vectors keep Z in [−2, 2].",
      settings: [
        "set xrange [-4:4]", "set yrange [-0.6:4.2]",
        "set xlabel 'Z = d(a,p) − d(a,n)' tc rgb '#222222'", "set ylabel 'loss' tc rgb '#222222'",
        region(1, from: -2, to: 2, "#f3f5f8"), name(1, "reached by unit vectors", at: 0),
        "set arrow 1 from -4,0 to 4,0 nohead lw 1 lc rgb '#bbbbbb' back",
        "set label 10 'minimum −0.278' at -1.278,-0.278 center offset 0,-1.3 font ',11' tc rgb '\(FigureStyle.accent)'",
        "set label 11 '' at -1.278,-0.278 point pt 7 ps 0.9 lc rgb '\(FigureStyle.accent)' front",
      ],
      plots: [
        "'\(context.spec.name).dat' using 1:3 with lines lw 2 dt 2 lc rgb '#999999' title 'triplet, margin 0.2'",
        "'\(context.spec.name).dat' using 1:2 with lines lw 3 lc rgb '\(FigureStyle.ours)' title 'Z·σ(Z)'",
      ],
      data: "# Z improved hinge\n" + data.joined(separator: "\n") + "\n")
  }

  private static func samples(_ low: Double, _ high: Double, count: Int) -> [Double] {
    (0..<count).map { index in
      // Rounded so that the file reads well: the step is a multiple of 0.001.
      ((low + (high - low) * Double(index) / Double(count - 1)) * 1000).rounded() / 1000
    }
  }

  private static func region(_ id: Int, from: Double, to: Double, _ colour: String) -> String {
    "set object \(id) rectangle from first \(from), graph 0 to first \(to), graph 1 "
      + "fs solid 1 noborder fc rgb '\(colour)' behind"
  }

  private static func name(_ id: Int, _ text: String, at x: Double) -> String {
    "set label \(id) '\(text)' at first \(x), graph 0.95 center font ',11' tc rgb '\(FigureStyle.muted)'"
  }
}
