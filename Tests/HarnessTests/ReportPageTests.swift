import Basics
import Foundation
import Harness
import Testing

/// Figures and the page made from synthetic results.
@Suite struct ReportPageTests {
  @Test func figuresAndPage() throws {
    let fixture = try ReportFixture()
    defer { if ProcessInfo.processInfo.environment["IEUM_KEEP_REPORT"] == nil { fixture.remove() } }
    let gnuplot = Gnuplot.found()
    guard gnuplot.isUsable else {
      print("skipped: gnuplot or a Korean font is not installed")
      return
    }
    let output = try Report.write(
      experiment: "synthetic", resultsFolder: fixture.folder, spec: ReportFixture.spec,
      paperTables: ReportFixture.paperTables)
    #expect(output.warnings == [])
    #expect(output.figurePaths.count == 12)
    for path in output.figurePaths {
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      if path.hasSuffix(".png") {
        #expect(data.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
        #expect(data.count > 15_000, "\(path) is nearly empty")
      } else {
        #expect(String(decoding: data, as: UTF8.self).contains("<svg"))
      }
    }
    #expect(try fixture.text("figures/fig32.svg").contains("동물"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.folder + "/figures").count == 24)
    try check(page: try fixture.text("index.html"))
    if ProcessInfo.processInfo.environment["IEUM_KEEP_REPORT"] != nil { print(output.pagePath) }
  }

  private func check(page: String) throws {
    #expect(page.contains("<title>Encoder comparison on stamps &amp; &lt;captions&gt;</title>"))
    #expect(page.contains("a photo of &quot;x&quot; &lt;b&gt;"))
    // Ten cells take 3.2 s each for features; of their trainings of 14.8 s seven are one.
    #expect(page.contains("<span>computing time</span>1.5 min"))
    #expect(page.contains("epoch 3 &lt;nan&gt;") && !page.contains("<nan>"))
    #expect(page.contains("Six image encoders; <span lang=\"ko\">한국어 설명도 있다.</span>"))
    for request in ["src=\"http", "href=\"http", "url(", "<link", "@import"] { #expect(!page.contains(request)) }
    #expect(page.components(separatedBy: "src=\"data:image/png;base64,").count == 7)
    // Every link inside the page has its target.
    for piece in page.components(separatedBy: "href=\"#").dropFirst() {
      let target = String(piece.prefix { $0 != "\"" })
      #expect(page.contains("id=\"\(target)\""), "\(target)")
    }
  }

  @Test func withoutGnuplotTablesAreWrittenAndTheWayOutIsNamed() throws {
    let fixture = try ReportFixture()
    defer { fixture.remove() }
    let output = try Report.write(
      experiment: "synthetic", resultsFolder: fixture.folder, spec: ReportFixture.spec,
      paperTables: ReportFixture.paperTables, gnuplot: Gnuplot(font: "sans", hasHangulFont: true, program: nil))
    #expect(output.figurePaths == [])
    #expect(output.warnings.count == 6)
    #expect(output.warnings.allSatisfy { $0.contains("apt-get install gnuplot-nox") })
    #expect(try fixture.text("tables/table10.md").contains("40.5"))
    #expect(try fixture.text("index.html").contains("apt-get install gnuplot-nox"))
    try checkScripts(fixture)
  }

  private func checkScripts(_ fixture: ReportFixture) throws {
    let losses = try fixture.text("figures/fig19.dat").split(separator: "\n").map(String.init)
    #expect(losses[1].hasPrefix("-4.0 -0.0719"))
    #expect(losses[401] == "0.0 0.0 0.2")
    let bars = try fixture.text("figures/fig31.dat").split(separator: "\n").map(String.init)
    #expect(bars[1] == "7 4.1 1.5 5.1 \"4.1 ± 1.5\" \"5.1\" \"untrained\"")
    #expect(bars[7] == "1 66.8 1.5 81.9 \"66.8 ± 1.5\" \"81.9\" \"swish-triplet\"")
    let script = try fixture.text("figures/fig31.gp")
    #expect(script.contains("set terminal svg size 820,586 dynamic noenhanced font 'sans,13' background 'white'"))
    #expect(script.contains("'triplet-semihard' 3"))
    #expect(script.hasSuffix("replot\nunset output\n"))
    // The kept epoch is the lowest validation loss of the first seed when the result names none.
    #expect(try fixture.text("figures/fig24.gp").contains("kept: epoch "))
  }

  @Test func unknownAndMissingFigures() throws {
    let fixture = try ReportFixture()
    defer { fixture.remove() }
    let error = #expect(throws: IeumError.self) {
      try Report.write(
        experiment: "e", resultsFolder: fixture.folder, spec: ReportSpec(title: "t", figures: [FigureSpec("fig13")]),
        paperTables: ReportFixture.paperTables)
    }
    #expect(error?.exitCode == 64)
    try FileManager.default.removeItem(atPath: fixture.folder + "/figures-data")
    let output = try Report.write(
      experiment: "e", resultsFolder: fixture.folder, spec: ReportSpec(title: "t", figures: [FigureSpec("fig25")]),
      paperTables: ReportFixture.paperTables)
    #expect(output.warnings.count == 1)
    #expect(output.warnings[0].contains("split.csv"))
  }

  @Test func hangulWithoutAFontIsNotDrawn() throws {
    let fixture = try ReportFixture()
    defer { fixture.remove() }
    let output = try Report.write(
      experiment: "e", resultsFolder: fixture.folder, spec: ReportSpec(title: "t", figures: [FigureSpec("fig32")]),
      paperTables: ReportFixture.paperTables,
      gnuplot: Gnuplot(font: "sans", hasHangulFont: false, program: "/bin/true"))
    #expect(output.warnings.first?.contains("fonts-nanum") == true)
  }

  @Test func figureNamesMayBePlain() throws {
    let json = Data(#"{"title": "t", "figures": ["fig18", {"name": "fig31", "metric": "R@1"}]}"#.utf8)
    let spec = try JSONDecoder().decode(ReportSpec.self, from: json)
    #expect(spec.figures == [FigureSpec("fig18"), FigureSpec("fig31", metric: "R@1")])
  }
}
