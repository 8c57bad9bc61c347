import Basics
import Foundation
import Harness
import Testing

/// Texts of the tables made from synthetic results.
@Suite struct ReportTableTests {
  private static let noGnuplot = Gnuplot(font: "sans", hasHangulFont: true, program: nil)

  private func report(_ fixture: ReportFixture, _ spec: ReportSpec = ReportFixture.spec) throws -> ReportOutput {
    try Report.write(
      experiment: "synthetic", resultsFolder: fixture.folder, spec: spec,
      paperTables: ReportFixture.paperTables, gnuplot: Self.noGnuplot)
  }

  private func tablesOnly() -> ReportSpec {
    var spec = ReportFixture.spec
    spec.figures = []
    return spec
  }

  @Test func markdown() throws {
    let fixture = try ReportFixture()
    defer { fixture.remove() }
    _ = try report(fixture, tablesOnly())
    #expect(
      try fixture.text("tables/table10.md") == """
        ### Image encoders by text encoders

        |  | GloVe 50-d | *published* | MiniLM | *published* |
        | --- | ---: | ---: | ---: | ---: |
        | ResNet-50<sup>a</sup> | 12.3 ± 0.5<br><sub>\\[9.3, 15.3\\]</sub> | *≈44.5* | —<sup>b</sup> | *≈57.4* |
        | EfficientNet-Lite0 | 31.0 ± 0.5<br><sub>\\[28.0, 34.0\\]</sub> | *≈50.9* | \
        **40.5 ± 0.5**<br><sub>\\[37.5, 43.5\\]</sub> | *≈62.8* |
        | chance | 3.8 |  | 3.8 |  |

        - cappedR@10 (%): hits in the top K / min(K, number of relevant items); higher is better.
        - Mean ± standard deviation over 3 seeds. Bold: the best value and those not farther from it than its \
        standard deviation.
        - In brackets: 95 % interval of the mean over the seeds, percentile bootstrap over queries.
        - Published: hong2022, Table 10, measured on that work's own data. ≈ marks a published value of a related \
        encoder, not of ours.
        - Captions in English.
        - <sup>a</sup> ResNet-50 runs with seeded random weights
        - <sup>b</sup> failed: the loss was not finite in epoch 3 &lt;nan&gt;

        """)
  }

  @Test func csvHasFullPrecisionAndReasons() throws {
    let fixture = try ReportFixture()
    defer { fixture.remove() }
    _ = try report(fixture, tablesOnly())
    let lines = try fixture.text("tables/table10.csv").split(separator: "\n").map(String.init)
    #expect(lines.count == 5)
    #expect(lines[0].hasPrefix("row,column,metric,mean,std,seeds,unit,published,"))
    #expect(
      lines[2] == "resnet50,bert,cappedR@10,,,,%,57.4,ResNet151,KoBERT,false,3.8,failed,"
        + "the loss was not finite in epoch 3 <nan>,resnet50-bert-02,,,,,,,,")
    #expect(
      lines[4] == "efficientnet-lite0,bert,cappedR@10,40.5,0.5,3,%,62.8,EfficientNet b7,KoBERT,false,3.8,ok,,"
        + "efficientnet-lite0-bert-04,,37.5,43.5,,,,,")
  }

  @Test func latexEscapesAndMarksBest() throws {
    let fixture = try ReportFixture()
    defer { fixture.remove() }
    var spec = tablesOnly()
    spec.tables[0].title = "50% of R&D_1 #{x}"
    _ = try report(fixture, spec)
    let text = try fixture.text("tables/table10.tex")
    #expect(text.contains("\\caption{50\\% of R\\&D\\_1 \\#\\{x\\}, cappedR@10 (\\%)}"))
    #expect(
      text.contains(
        "  EfficientNet-Lite0 & 31.0 $\\pm$ 0.5 & \\textit{$\\approx$50.9} & \\textbf{40.5 $\\pm$ 0.5} & "
          + "\\textit{$\\approx$62.8} \\\\"))
    #expect(text.contains("  \\midrule\n  chance & 3.8 &  & 3.8 &  \\\\\n  \\bottomrule"))
    #expect(text.contains("\\textsuperscript{b}~failed: the loss"))
  }

  @Test func terminalTableIsAligned() throws {
    let fixture = try ReportFixture()
    defer { fixture.remove() }
    let text = try #require(try report(fixture, tablesOnly()).tables.first)
    #expect(
      text.hasPrefix(
        """
        Image encoders by text encoders — cappedR@10 (%)
          ────────────────────────────────────────────────────────────────────────
                                 GloVe 50-d   published         MiniLM   published
        """))
    #expect(
      text.contains(
        """
          EfficientNet-Lite0     31.0 ± 0.5       ≈50.9    *40.5 ± 0.5       ≈62.8
                               [28.0, 34.0]               [37.5, 43.5]

        """))
  }

  @Test func lowerIsBetterForRanks() throws {
    var results = ReportFixture.grid()
    for index in results.indices { results[index].summarise() }
    results[2].summary["MedR"] = .init(mean: 4, std: 0)
    let spec = TableSpec(
      name: "m", title: "m", metric: "MedR", rows: ["resnet50", "efficientnet-lite0"], columns: ["word2vec", "bert"])
    let table = ReportTable.build(spec, results: results, paper: nil)
    #expect(table.cells.map { $0.map(\.isBest) } == [[false, false], [true, false]])
    #expect(table.paper == nil)
    #expect(!table.hasPublished(0))
  }

  @Test func cellsWithoutResultsSayWhy() {
    let spec = TableSpec(name: "m", title: "m", metric: "R@1", rows: ["a"], columns: ["b", "c"])
    var cell = CellResult(id: "x", experiment: "e", row: "a", column: "b", status: .missing, reason: "no weights")
    cell.notes = []
    let table = ReportTable.build(spec, results: [cell], paper: nil)
    #expect(table.footnotes.suffix(2).map(\.text) == ["not run: no weights", "not run yet"])
    #expect(table.cells[0].map(\.markers) == [["a"], ["b"]])
    #expect(table.cells[0].allSatisfy { table.text($0) == "—" })
  }

  @Test func namesMatchThePaper() throws {
    let paper = try PaperTable.read("hong2022/table9", folder: ReportFixture.paperTables)
    let spec = TableSpec(
      name: "m", title: "m", metric: "cappedR@1", rows: ["resnet152", "mine"], columns: ["kobert", "lstm", "gru"],
      aliases: ["mine": "InceptionV3"])
    let cells = ReportTable.build(spec, results: [], paper: paper).cells
    #expect(cells[0].map { $0.published?.value } == [36.8, 35.5, nil])
    #expect(cells[0][0].published?.isSameMethod == true)
    #expect(cells[1].map { $0.published?.value } == [39.3, 39.1, nil])
    let other = TableSpec(name: "m", title: "m", metric: "cappedR@10", rows: ["resnet152"], columns: ["kobert"])
    #expect(ReportTable.build(other, results: [], paper: paper).cells[0][0].published == nil)
  }

  @Test func koreanTitlesAlign() throws {
    var cell = CellResult(
      id: "x", experiment: "e", row: "a", column: "b", rowTitle: "한국어 이름", columnTitle: "값")
    cell.metrics = ["R@1": [1]]
    cell.seeds = [1]
    let fixture = try ReportFixture()
    defer { fixture.remove() }
    try cell.write(toFolder: "\(fixture.folder)/cells/x")
    let spec = ReportSpec(
      title: "t", tables: [TableSpec(name: "k", title: "k", metric: "R@1", rows: ["a", "bb"], columns: ["b"])])
    let lines = try report(fixture, spec).tables[0].split(separator: "\n").map(String.init)
    // Eleven columns for the name (five syllables of two and a space), then the value.
    #expect(lines[2] == "                   값")
    #expect(lines[4] == "  한국어 이름     1.0")
    #expect(lines[5] == "  bb            — [a]")
  }

  @Test func resultsSurviveAFileAndDamageIsNamed() throws {
    let fixture = try ReportFixture()
    defer { fixture.remove() }
    var cell = ReportFixture.grid()[0]
    cell.summarise()
    #expect(try Report.cells(in: fixture.folder).contains(cell))
    #expect(cell.summary["cappedR@10"].map { abs($0.std - 0.5) < 1e-12 } == true)
    let path = "\(fixture.folder)/cells/\(cell.id)/result.json"
    try AtomicFile.write("{\"id\": \"x\", \"row\": 3, \"status\": \"ok\"}", to: path)
    let error = #expect(throws: IeumError.self) { try CellResult.read(path) }
    #expect(error?.description.contains("result.json, key row") == true)
    cell.metrics["R@1"] = [.nan]
    #expect(throws: IeumError.self) { try cell.write(toFolder: fixture.folder) }
  }
}
