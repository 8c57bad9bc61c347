import Basics
import Foundation
import Harness
import Ranking
import Testing

/// Stored ranks, comparisons with a baseline, and what tables say of them.
@Suite struct SignificanceTests {
  private func scratch() -> String { NSTemporaryDirectory() + "ieum-significance-\(UUID().uuidString)" }

  /// One relevant item among forty for each of sixty queries, found the better the smaller the noise.
  private func ranked(_ noise: Float, seed: UInt64, metrics: [String] = ["R@1", "mAP", "rsum"]) throws -> RankedQueries {
    var generator = SeededGenerator(seed: seed)
    let gallery = (0..<240).map { _ in Float(generator.uniform() - 0.5) }
    var noisy = SeededGenerator(seed: seed &+ UInt64(noise * 100))
    let wanted = (0..<60).map { $0 % 40 }
    let queries = wanted.flatMap { row in (0..<6).map { gallery[row * 6 + $0] + noise * Float(noisy.uniform() - 0.5) } }
    let problem = try RankingProblem(queries: queries, gallery: gallery, dimension: 6, relevant: wanted)
    return try RankingEvaluator.evaluate(problem, metrics: metrics.map { try Metric.parse($0) }).ranked
  }

  private func cell(_ row: String, noise: Float, in folder: String, ids: [String]? = nil) throws {
    let runs = try [1, 2].map { try ranked(noise, seed: UInt64($0)) }
    var result = CellResult(id: row, experiment: "e", row: row, column: "")
    result.seeds = [1, 2]
    let metrics = [Metric.recall(at: 1), .meanAveragePrecision]
    for metric in metrics { result.metrics[metric.name] = runs.map { $0.values([metric], ties: .expected)[0].value } }
    let intervals = try RankedQueries.intervals(of: runs, metrics, ties: .expected)
    for entry in intervals { result.ci95[entry.metric.name] = [entry.interval.low, entry.interval.high] }
    (result.chance, result.ceiling) = (["R@1": 2.5], ["R@1": 100])
    (result.queries, result.gallery, result.queriesWithoutRelevant, result.queryBlocks) = (60, 40, 3, 40)
    if row == "tied" { result.ties = .init(policy: "expected", queries: 7, bounds: ["R@1": [10, 20]]) }
    try result.write(toFolder: "\(folder)/cells/\(row)")
    try RanksFile(queryIDs: ids ?? (0..<60).map { "q\($0)" }, seeds: [1, 2], runs: runs)
      .write(to: "\(folder)/cells/\(row)/ranks.h5")
  }

  @Test func ranksComeBackAsTheyWere() throws {
    let path = scratch() + ".h5"
    defer { unlink(path) }
    let run = try ranked(0.5, seed: 3)
    try RanksFile(queryIDs: nil, seeds: [3], runs: [run]).write(to: path)
    let back = try RanksFile.read(path)
    #expect(back.seeds == [3] && back.queryIDs == nil)
    let metrics = try ["R@1", "R@5", "mAP", "rsum", "MedR"].map { try Metric.parse($0) }
    #expect(back.runs[0].values(metrics, ties: .expected) == run.values(metrics, ties: .expected))
    #expect(back.runs[0].blocks == run.blocks && back.runs[0].blocks.count == 40)
    #expect(
      try RankedQueries.intervals(of: back.runs, metrics, ties: .expected)
        == RankedQueries.intervals(of: [run], metrics, ties: .expected))
    // The same ranks give the same bytes, so that digests can be compared.
    let digest = try Digest.ofFile(path)
    try RanksFile(queryIDs: nil, seeds: [3], runs: [run]).write(to: path)
    #expect(try Digest.ofFile(path) == digest)
  }

  @Test func tablesMarkWhatDiffersFromTheBaseline() throws {
    let folder = scratch()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try cell("base", noise: 0.9, in: folder)
    try cell("good", noise: 0.2, in: folder)
    try cell("twin", noise: 0.9, in: folder)
    try cell("tied", noise: 1.6, in: folder)
    try cell("other", noise: 0.3, in: folder, ids: (0..<60).map { "x\($0)" })
    let rows = ["base", "good", "twin", "tied", "other"]
    let table = TableSpec(
      name: "t", title: "t", metric: "R@1", rows: rows, columns: [""], baseline: BaselineSpec(row: "base"))
    try TableComparisons.update([table], folder: folder)
    let stored = try #require(try TableComparisons.read(folder))
    #expect(stored.entries.map(\.cell) == ["good", "twin", "tied", "other"])
    #expect(stored.entries[3].p == nil && stored.entries[3].reason?.contains("query 0") == true)
    let tested = stored.entries.prefix(3)
    #expect(tested.map { $0.pHolm ?? -1 } == Significance.holm(tested.map { $0.p ?? -1 }))
    #expect(tested.map(\.isSignificant) == [true, false, true])

    let output = try Report.write(
      experiment: "e", resultsFolder: folder, spec: ReportSpec(title: "t", tables: [table]), paperTables: "",
      gnuplot: Gnuplot(font: "sans", hasHangulFont: true, program: nil))
    let markdown = try String(contentsOfFile: folder + "/tables/t.md", encoding: .utf8)
    let lines = markdown.split(separator: "\n").map(String.init)
    func line(_ name: String) -> String { lines.first { $0.contains("| \(name)") } ?? "" }
    #expect(line("good").contains("▲") && line("tied").contains("▼"))
    for name in ["base", "twin", "other"] { #expect(!line(name).contains("▲") && !line(name).contains("▼")) }
    #expect(line("good").contains("<br><sub>\\[") && line("ceiling").contains("100.0") && line("chance").contains("2.5"))
    #expect(
      markdown.contains(
        "▲ better, ▼ worse than the baseline (base): two-sided paired randomisation test over queries, 10000 draws, "
          + "alpha 0.05 after Holm's correction over the 3 comparisons of this table"))
    #expect(markdown.contains("Not tested: 1"))
    #expect(markdown.contains("Ties: in up to 7 of 60 queries optimistic and pessimistic ranks differ (1 of 5 cells)"))
    #expect(markdown.contains("between 10.0 (pessimistic) and 20.0 (optimistic)"))
    #expect(markdown.contains("3 items have no relevant partner"))
    #expect(markdown.contains("percentile bootstrap over 40 blocks of queries that share a video or image"))
    #expect(try String(contentsOfFile: folder + "/tables/t.tex", encoding: .utf8).contains("$^{\\blacktriangle}$"))
    #expect(output.tables[0].contains("▲"))
    let page = try String(contentsOfFile: output.pagePath, encoding: .utf8)
    #expect(page.contains("after Holm&#39;s correction\"") && page.contains(">ceiling<"))
    let csv = try String(contentsOfFile: folder + "/tables/t.csv", encoding: .utf8).split(separator: "\n")
    #expect(csv[2].hasSuffix(",true") && csv[3].hasSuffix(",false") && csv[5].hasSuffix(",,"))
  }

  @Test func cellsAreComparedWithAllTheirSeeds() throws {
    let folder = scratch()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try cell("base", noise: 0.9, in: folder)
    try cell("good", noise: 0.2, in: folder)
    let runs = try ["good", "base"].map {
      try ComparableRun.load("\(folder)/cells/\($0)", metrics: [], similarity: .cosine)
    }
    #expect(runs.map(\.runs.count) == [2, 2])
    let comparison = try Comparison(runs[0], with: [runs[1]])
    #expect(comparison.entries.map(\.result.metric.name) == ["R@1", "mAP"])
    let result = try CellResult.read("\(folder)/cells/good/result.json")
    #expect(comparison.entries[0].result.a == result.summary["R@1"]?.mean)
    #expect(comparison.text.contains("in 40 blocks"))
    let missing = #expect(throws: IeumError.self) {
      try ComparableRun.load("e/goood", results: folder + "/..", metrics: [], similarity: .cosine)
    }
    #expect(missing?.exitCode == 65)
  }

  @Test func cellsOverOtherDataAreNotPaired() throws {
    let folder = scratch()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func measured(_ row: String, _ dataset: String, split: String = "s", config: [String: String] = [:]) throws {
      try cell(row, noise: 0.5, in: folder)
      var result = try CellResult.read("\(folder)/cells/\(row)/result.json")
      (result.digests, result.config) = (.init(dataset: dataset, split: split), config)
      try result.write(toFolder: "\(folder)/cells/\(row)")
    }
    try measured("a", "aaaa")
    try measured("same", "aaaa", config: ["dataset.language": "ko"])
    try measured("english", "aaaa", config: ["seeds": "[1, 2]"])
    try measured("data", "bbbb")
    try measured("split", "aaaa", split: "t")
    func compared(_ one: String, _ other: String) -> String {
      do {
        let runs = try [one, other].map {
          try ComparableRun.load("\(folder)/cells/\($0)", metrics: [], similarity: .cosine)
        }
        _ = try Comparison(runs[0], with: [runs[1]], rounds: 100)
        return "compared"
      } catch { return "\((error as? IeumError)?.exitCode ?? 0) \(error)" }
    }
    // A language that one side does not record is no difference.
    #expect(compared("a", "same") == "compared")
    let refused = compared("a", "data")
    #expect(refused.hasPrefix("65") && refused.contains("different data (dataset aaaa and bbbb)"), "\(refused)")
    #expect(refused.contains("cells/a'") && refused.contains("cells/data'"))
    #expect(compared("a", "split").contains("(split s and t)"))
    #expect(compared("english", "same").contains("(language en and ko)"))
    #expect(compared("a/ranks.h5", "data/ranks.h5").contains("(dataset aaaa and bbbb)"))
    let rows = ["a", "same", "data"]
    try TableComparisons.update(
      [TableSpec(name: "t", title: "t", metric: "R@1", rows: rows, columns: [""], baseline: BaselineSpec(row: "a"))],
      folder: folder)
    let entries = try #require(try TableComparisons.read(folder)).entries
    #expect(entries.map { $0.p == nil } == [false, true] && entries[1].reason?.contains("different data") == true)
  }

  @Test func aBaselineThatIsNotThereIsAMistake() throws {
    let path = scratch() + ".yaml"
    defer { unlink(path) }
    try AtomicFile.write(
      """
      experiment: e
      base:
        dataset: {name: stamps}
        text: {encoder: bert, weights: minilm}
        image: {encoder: resnet18}
      sweep:
      - {table: m, rows: {A: {seeds: [1]}, B: {seeds: [2]}}}
      report:
        tables:
        - {name: t, from: m, metric: R@1, baseline: {row: C}}
      """, to: path)
    let experiment = try Experiment.load(path)
    let error = #expect(throws: IeumError.self) { try experiment.reportSpec() }
    #expect(error?.exitCode == 64 && error?.description.contains("'C' is no row or column") == true)
    let right = try Experiment.load(path, overrides: ["report.tables=[{name: t, from: m, metric: R@1, baseline: A}]"])
    #expect(try right.reportSpec().tables[0].baseline == BaselineSpec(row: "A"))
  }
}
