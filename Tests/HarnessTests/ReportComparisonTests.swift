import Basics
import Foundation
import Harness
import Testing

/// Tables with a metric per column beside published rows, examples, and the figures of towers.
@Suite struct ReportComparisonTests {
  private func cell(_ row: String, column: String = "", r10: [Double], medR: [Double], score: Double = 0) -> CellResult {
    var cell = CellResult(id: "\(row)-\(column)".filter(\.isLetter), experiment: "e", row: row, column: column)
    cell.seeds = Array(1...r10.count)
    cell.metrics = ["R@10": r10, "MedR": medR]
    cell.chance = ["R@10": 4, "MedR": 123.5]
    cell.chosen = ["validationScore": r10.map { _ in score }]
    (cell.queries, cell.gallery) = (246, 246)
    cell.summarise()
    return cell
  }

  private func folder() -> String { NSTemporaryDirectory() + "ieum-comparison-\(UUID().uuidString)" }

  private let spec = ComparisonSpec(
    name: "table1", title: "Text to video", rows: ["Ours", "+ audio feature", "+ VM ranking loss"],
    metrics: ["R@10", "MedR"], paper: "half2020/table1", footnotes: ["A stand-in."])

  @Test func publishedRowsChanceAndOurs() throws {
    var failed = CellResult(id: "f", experiment: "e", row: "+ VM ranking loss", column: "")
    (failed.status, failed.reason) = (.missing, "no data")
    var audio = cell("+ audio feature", r10: [41, 43], medR: [20, 21])
    audio.notes = ["share of sound 0.20"]
    let results = [cell("Ours", r10: [40, 41], medR: [20.5, 21]), audio, failed]
    let paper = try PaperTable.read("half2020/table1", folder: ReportFixture.paperTables)
    let table = MetricTable.build(spec, results: results, paper: paper)
    #expect(table.rows.count == 10 + 1 + 3)
    #expect(table.rows[0].title == "random (published)" && table.rows[9].values == ["24.2", "48.0"])
    let chance = table.rows[10]
    #expect(chance.kind == .chance && chance.values == ["4.0", "123.5"])
    #expect(table.rows[11].values == ["40.5 ± 0.7", "20.8 ± 0.4"])
    #expect(table.rows[12].values == ["42.0 ± 1.4", "20.5 ± 0.7"])
    #expect(table.rows[13].values == ["—", "—"])
    // Higher R@10 and lower MedR are best; the first row lies within the winner's deviation only for MedR.
    #expect(table.rows[11].best == [1] && table.rows[12].best == [0, 1])
    #expect(table.rows[12].markers == ["a"] && table.rows[11].markers.isEmpty)
    let notes = table.footnotes.map(\.text)
    #expect(notes.contains("A stand-in.") && notes.contains { $0.contains("246 queries over 246") })
    #expect(notes.contains("not run: no data"))
  }

  @Test func theReportHoldsTableFiguresAndExamples() throws {
    let folder = folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (row, score) in [("Ours", 1.0), ("+ audio feature", 2), ("+ VM ranking loss", 3)] {
      let cell = cell(row, r10: [40 + score, 41 + score], medR: [20, 21], score: score)
      try cell.write(toFolder: "\(folder)/cells/\(cell.id)")
      let log = "epoch,train_loss,validation_loss,seconds,best,score,learning_rate,waiting_share,loss_captions,loss_sounds\n"
        + "1,3.5,,0.5,1,0.2,0.001,0.1,2.5,1.0\n2,2.5,,0.5,1,0.3,0.001,0.1,1.6,0.9\n"
      try AtomicFile.write(log, to: "\(folder)/cells/\(cell.id)/train.csv")
    }
    try AtomicFile.write(Data([0xFF, 0xD8, 0xFF, 0xD9]), to: "\(folder)/examples/a.jpg")
    let hits = [
      Examples.Hit(id: "a", caption: "A <red> ball", score: 0.51234, isRelevant: true, thumbnail: "a.jpg"),
      Examples.Hit(id: "b", caption: "공", score: 0.4, isRelevant: false, thumbnail: nil),
    ]
    let examples = Examples(
      title: "+ VM ranking loss, seed 1", gallery: 246,
      queries: [
        .init(id: "a#0", text: "a ball", isWorst: false, rank: 1, hits: hits),
        .init(id: "b#0", text: "a dog", isWorst: true, rank: 123.5, hits: []),
      ])
    try AtomicFile.write(JSONEncoder().encode(examples), to: "\(folder)/examples/examples.json")
    let figures = Gnuplot.found().isUsable ? ["loss-ablation", "training-pairs"].map { FigureSpec($0) } : []
    let report = ReportSpec(title: "t", figures: figures, comparisons: [spec])
    let output = try Report.write(
      experiment: "e", resultsFolder: folder, spec: report, paperTables: ReportFixture.paperTables)
    #expect(output.warnings == [])
    #expect(output.tables.first?.contains("JSFusion (published)") == true)
    for suffix in ["md", "csv", "tex"] {
      let text = try String(contentsOfFile: "\(folder)/tables/table1.\(suffix)", encoding: .utf8)
      #expect(text.contains("43.5") && text.contains("JSFusion"), "\(suffix)")
    }
    let page = try String(contentsOfFile: output.pagePath, encoding: .utf8)
    #expect(page.contains("data:image/jpeg;base64,/9j/2Q=="))
    #expect(page.contains("A &lt;red&gt; ball") && page.contains("0.512") && page.contains("rank 123.5"))
    #expect(page.contains("class=\"relevant\"") && page.contains("no picture"))
    #expect(output.figurePaths.count == 2 * figures.count)
  }

  @Test func aDirectionBeforeAMetricChangesNothing() {
    let style = MetricStyle("a2i MedR")
    #expect(style.lowerIsBetter && style.unit == .rank && style.label == "a2i MedR (rank)")
    #expect(MetricStyle("v2t-flat R@10").unit == .percent && !MetricStyle("v2t-flat R@10").lowerIsBetter)
  }

  @Test func aDamagedListOfExamplesIsRefused() throws {
    let folder = folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try AtomicFile.write("[1", to: "\(folder)/examples/examples.json")
    #expect(throws: IeumError.self) {
      try Report.write(
        experiment: "e", resultsFolder: folder, spec: ReportSpec(title: "t"), paperTables: ReportFixture.paperTables)
    }
  }
}
