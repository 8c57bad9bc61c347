import Basics

/// A figure before it is drawn: gnuplot commands and the data they read.
public struct Figure: Sendable, Equatable {
  public let name: String
  public let title: String
  /// One line under the figure on the page.
  public let caption: String
  /// Commands before the terminal is chosen.
  let settings: [String]
  /// The arguments of `plot`.
  let plots: [String]
  /// Content of `<name>.dat`.
  let data: String
  /// In points of the SVG; the PNG has twice as many pixels.
  let width: Int
  let height: Int

  init(
    name: String, title: String, caption: String, settings: [String], plots: [String], data: String,
    width: Int = 820, height: Int = 480
  ) {
    self.name = name
    self.title = title
    self.caption = caption
    self.settings = settings
    self.plots = plots
    self.data = data
    self.width = width
    self.height = height
  }

  /// The `.gp` file: run in its folder, `gnuplot <name>.gp` draws SVG and PNG again.
  public func script(font: String) -> String {
    let common = "noenhanced font '\(font),13'"
    let scale = "fontscale 2 linewidth 2 pointscale 2"
    let lines =
      ["# \(title)", "# Draw again: gnuplot \(name).gp", "set encoding utf8"] + FigureStyle.common
      + ["set label 99 \(FigureStyle.quote(title)) at graph 0, 1 left offset 0, 1.2 font ',15' tc rgb '#222222'"]
      + settings
      + [
        "set terminal svg size \(width),\(height) dynamic \(common) background 'white'",
        "set output '\(name).svg'", "plot \(plots.joined(separator: ", \\\n  "))",
        "set terminal pngcairo size \(2 * width),\(2 * height) \(common) \(scale) background 'white'",
        "set output '\(name).png'", "replot", "unset output",
      ]
    return lines.joined(separator: "\n") + "\n"
  }

  /// True when some text needs a font with Hangul.
  var hasHangul: Bool {
    (settings.joined() + plots.joined() + title + data).unicodeScalars.contains {
      (0xAC00...0xD7A3).contains($0.value) || (0x1100...0x11FF).contains($0.value)
        || (0x3130...0x318F).contains($0.value)
    }
  }
}

/// Colours and commands that all figures share.
enum FigureStyle {
  static let ours = "#4477aa"
  static let published = "#c8c8c8"
  static let accent = "#cc6677"
  static let dark = "#222222"
  static let muted = "#777777"
  /// Distinguishable for colour-blind readers (Tol's muted scheme, ordered for contrast between neighbours).
  static let classes = [
    "#332288", "#cc6677", "#117733", "#ddaa33", "#88ccee", "#882255", "#44aa99", "#999933", "#aa4499", "#777777",
  ]
  /// Filled circle, square, triangle, diamond: told apart in grey as well.
  static let shapes = [7, 5, 9, 13]

  static let common = [
    "set border 3 lc rgb '#999999' lw 1",
    "set tics nomirror out scale 0.5 tc rgb '#444444'",
    "set grid ytics back lc rgb '#e6e6e6' lw 1 lt 1",
    "set key below center horizontal Left reverse samplen 2 spacing 1.2 tc rgb '#222222'",
    "set style fill solid 1 noborder",
    "set datafile missing 'NaN'",
    "set tmargin 3.5",
    "set rmargin 4",
  ]

  /// A gnuplot string that is taken literally.
  static func quote(_ text: String) -> String {
    "'" + String(text.map { $0.isNewline ? " " : $0 }).replacing("'", with: "''") + "'"
  }

  /// A text field of a data file.
  static func field(_ text: String) -> String {
    "\"" + String(text.map { $0.isNewline || $0 == "\"" || $0 == "\\" ? " " : $0 }) + "\""
  }

  static func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "NaN" }
}
