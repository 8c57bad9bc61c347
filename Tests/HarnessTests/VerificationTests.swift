import Basics
import Foundation
import Harness
import Ranking
import Testing

/// `ieum verify` on synthetic results: whatever is edited afterwards is found.
@Suite struct VerificationTests {
  /// Three cells with ranks, a table with a baseline, a table of metrics, and the record of the sweep.
  private final class World: Sendable {
    let folder = NSTemporaryDirectory() + "ieum-verification-\(UUID().uuidString)"
    static let rows = ["base", "good", "coarse", "failed"]
    static let metrics = ["R@1", "R@5", "MedR"]

    init() throws {
      for (row, noise) in [("base", Float(0.9)), ("good", 0.3), ("coarse", 0.5)] { try cell(row, noise) }
      var failed = CellResult(id: "failed", experiment: "e", row: "failed", column: "")
      (failed.status, failed.reason) = (.failed, "the loss was not finite")
      try failed.write(toFolder: "\(folder)/cells/failed")
      try TableComparisons.update(report.tables, folder: folder)
      try seal()
      try writeTables()
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    let report = ReportSpec(
      title: "t",
      tables: [
        TableSpec(name: "grid", title: "t", metric: "R@1", rows: World.rows, columns: [""], baseline: BaselineSpec(row: "base"))
      ],
      comparisons: [ComparisonSpec(name: "list", title: "t", rows: World.rows, metrics: World.metrics)])

    func writeTables() throws {
      _ = try Report.write(
        experiment: "e", resultsFolder: folder, spec: report, paperTables: "",
        gnuplot: Gnuplot(font: "sans", hasHangulFont: true, program: nil))
    }

    /// Records the cells as they are now: what is found afterwards is found by computing it again.
    func seal() throws {
      try SweepIndex(
        experiment: "e", report: report,
        cells: try Self.rows.map {
          SweepIndex.Cell(
            id: $0, table: "t", row: $0, column: "", result: try Digest.ofFile("\(folder)/cells/\($0)/result.json"))
        }
      ).write(folder)
    }

    private func cell(_ row: String, _ noise: Float) throws {
      let metrics = try Self.metrics.map { try Metric.parse($0) }
      let found = try [1, 2].map { try evaluated(noise, seed: UInt64($0), metrics, isCoarse: row == "coarse") }
      let runs = found.map(\.ranked)
      var result = CellResult(id: row, experiment: "e", row: row, column: "")
      result.seeds = [1, 2]
      for metric in metrics {
        result.metrics[metric.name] = found.compactMap { $0[metric] }
        result.chance[metric.name] = Chance.expected(metric, of: runs[0])
        result.ceiling[metric.name] = Ceiling.exact(metric, of: runs[0])
      }
      for entry in try RankedQueries.intervals(of: runs, metrics, ties: .expected) {
        result.ci95[entry.metric.name] = [entry.interval.low, entry.interval.high]
      }
      (result.queries, result.gallery, result.queryBlocks) = (60, 40, runs[0].blocks.count)
      result.ties = .init(policy: "expected", queries: found.map(\.tiedQueries).max() ?? 0)
      if found.contains(where: { !$0.policies.isEmpty }) {
        result.ties.bounds = Dictionary(
          uniqueKeysWithValues: metrics.map { metric in
            (metric.name, [TiePolicy.pessimistic, .optimistic].map { policy in bound(metric, policy, found) })
          })
      }
      try result.write(toFolder: "\(folder)/cells/\(row)")
      try RanksFile(queryIDs: (0..<60).map { "q\($0)" }, seeds: [1, 2], runs: runs)
        .write(to: "\(folder)/cells/\(row)/ranks.h5")
    }

    private func bound(_ metric: Metric, _ policy: TiePolicy, _ found: [RankingResult]) -> Double {
      let values = found.map { result in
        result.policies.first { $0.policy == policy }?.metrics.first { $0.metric == metric }?.value ?? result[metric] ?? .nan
      }
      return values.reduce(0, +) / Double(values.count)
    }

    /// Sixty queries over forty candidates; coarse vectors tie.
    private func evaluated(_ noise: Float, seed: UInt64, _ metrics: [Metric], isCoarse: Bool) throws -> RankingResult {
      var generator = SeededGenerator(seed: seed)
      func rounded(_ value: Float) -> Float { isCoarse ? (value * 1.2).rounded() + 3 : value }
      let gallery = (0..<240).map { _ in rounded(Float(generator.uniform() - 0.5)) }
      let wanted = (0..<60).map { $0 % 40 }
      let queries = wanted.flatMap { row in
        (0..<6).map { gallery[row * 6 + $0] + rounded(noise * Float(generator.uniform() - 0.5)) }
      }
      let problem = try RankingProblem(queries: queries, gallery: gallery, dimension: 6, relevant: wanted)
      return try RankingEvaluator.evaluate(problem, metrics: metrics)
    }

    func verified() throws -> Verification { try Verification(folder) }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// Changes a JSON file by its keys.
    func edit(_ name: String, _ change: (inout [String: Any]) throws -> Void) throws {
      let data = try Data(contentsOf: URL(fileURLWithPath: path(name)))
      var json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      try change(&json)
      try AtomicFile.write(try JSONSerialization.data(withJSONObject: json), to: path(name))
    }

    /// What verification says after an edit; everything is as before afterwards.
    func said(afterSealing: Bool = true, editing name: String, _ change: (inout [String: Any]) throws -> Void) throws -> String {
      let kept = try [name, "sweep.json"].map { try Data(contentsOf: URL(fileURLWithPath: path($0))) }
      try edit(name, change)
      if afterSealing { try seal() }
      let text = try verified().text
      for (name, data) in zip([name, "sweep.json"], kept) { try AtomicFile.write(data, to: path(name)) }
      return text
    }
  }

  @Test func soundResultsAgreeAndWhatHasNoNumbersIsCountedApart() throws {
    let world = try World()
    let found = try world.verified()
    #expect(found.agrees, "\(found.text)")
    #expect((found.verified, found.differing, found.unverified) == (3, 0, 1), "\(found.text)")
    #expect(found.text.contains("4 cells: 3 without a difference, 0 that no longer agree, 1 that could not be verified"))
    #expect(found.text.contains("failed: not verified") && found.comparisons.agrees.count == 3 && found.tables.agrees.count == 6)
    let coarse = try CellResult.read(world.path("cells/coarse/result.json"))
    #expect(coarse.ties.queries > 0 && coarse.ties.bounds != nil)
  }

  @Test func editedTestsAreFound() throws {
    let world = try World()
    func entry(_ key: String, _ value: Double) throws -> String {
      try world.said(editing: "comparisons.json") { json in
        var entries = try #require(json["entries"] as? [[String: Any]])
        entries[0][key] = value
        json["entries"] = entries
      }
    }
    let keys = ["p": "p", "pHolm": "p after Holm", "effectSize": "effect size", "difference": "difference"]
    for (key, name) in keys {
      let text = try entry(key, 0.031)
      #expect(text.contains("comparisons: table grid, good: the test against base gives other numbers (\(name): recorded 0.031"))
    }
    let emptied = try world.said(editing: "comparisons.json") { $0["entries"] = [Any]() }
    #expect(emptied.contains("table grid, good: the test against base is gone"))
    let strict = try world.said(editing: "comparisons.json") { $0["alpha"] = 0.5 }
    #expect(strict.contains("comparisons.json: the tests' settings: recorded"))
    try FileManager.default.removeItem(atPath: world.path("comparisons.json"))
    let gone = try world.verified()
    #expect(!gone.agrees && gone.text.contains("comparisons: comparisons.json is gone"))
  }

  @Test func editedNumbersAreFound() throws {
    let world = try World()
    func said(_ key: String, _ value: Any, cell: String = "good") throws -> String {
      try world.said(editing: "cells/\(cell)/result.json") { $0[key] = value }
    }
    #expect(try said("ceiling", ["R@1": 99, "R@5": 100, "MedR": 1]).contains("differs: R@1 ceiling: recorded 99.0, now 100.0"))
    #expect(try said("chance", ["R@1": 2, "R@5": 12.5, "MedR": 20.5]).contains("differs: R@1 chance: recorded 2.0, now 2."))
    #expect(try said("chance", ["R@5": 12.5, "MedR": 20.5]).contains("not checked: R@1 chance is not recorded"))
    #expect(try said("ties", ["policy": "expected", "queries": 9]).contains("differs: ties: recorded 9, now 0"))
    #expect(try said("ties", ["policy": "expected", "queries": 0, "bounds": ["R@1": [1, 2]]]).contains("differs: bounds by ties"))
    #expect(try said("queryBlocks", 7).contains("differs: blocks of queries: recorded 7, now 40"))
    #expect(try said("summary", ["R@1": ["mean": 1, "std": 0]]).contains("differs: metrics: recorded"))
    let queries = try CellResult.read(world.path("cells/coarse/result.json")).ties.queries
    let unbounded = try said("ties", ["policy": "expected", "queries": queries], cell: "coarse")
    #expect(unbounded.contains("differs: bounds by ties: recorded , now"), "\(unbounded)")
    #expect(try world.verified().agrees)
  }

  @Test func whatNothingElseCoversIsSealed() throws {
    let world = try World()
    let edited = try world.said(afterSealing: false, editing: "cells/good/result.json") { $0["notes"] = ["ImageNet weights"] }
    #expect(edited.contains("good: DIFFERS") && edited.contains("differs: result.json: recorded"))
    // The tables show notes, too.
    #expect(edited.contains("tables: grid.md is not what the cells give"))
  }

  @Test func editedTablesAreFound() throws {
    let world = try World()
    for name in ["grid.md", "grid.csv", "grid.tex", "list.md", "list.csv", "list.tex"] {
      let path = world.path("tables/\(name)")
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try AtomicFile.write(text.replacing("base", with: "bass"), to: path)
      let found = try world.verified()
      #expect(found.tables.differs == ["\(name) is not what the cells give; `ieum report` writes it again"])
      #expect(!found.agrees)
      try AtomicFile.write(text, to: path)
    }
    try FileManager.default.removeItem(atPath: world.path("tables/list.tex"))
    try AtomicFile.write("x", to: world.path("tables/old.md"))
    let found = try world.verified()
    #expect(found.tables.differs == ["list.tex is gone"] && found.tables.unchecked == ["old.md belongs to no table of the sweep"])
  }

  @Test func aCellThatIsGoneIsFoundWithAndWithoutTheRecordOfTheSweep() throws {
    let world = try World()
    try FileManager.default.removeItem(atPath: world.path("cells/coarse"))
    let recorded = try world.verified()
    #expect(!recorded.agrees && recorded.text.contains("coarse: DIFFERS (0 checks)\n  differs: its result is gone"))
    try FileManager.default.removeItem(atPath: world.path("sweep.json"))
    let guessed = try world.verified()
    #expect(!guessed.agrees && guessed.text.contains("tables or comparisons name it, but its result is gone"))
    #expect(guessed.text.contains("tables: not checked: sweep.json is missing"))
  }

  @Test func resultsOfAnOlderReportAreCheckedAsFarAsTheyGo() throws {
    let world = try World()
    try FileManager.default.removeItem(atPath: world.path("sweep.json"))
    #expect(try world.verified().agrees)
    try world.edit("comparisons.json") { json in
      var entries = try #require(json["entries"] as? [[String: Any]])
      entries[1]["pHolm"] = 0.0001
      json["entries"] = entries
    }
    #expect(try world.verified().text.contains("(p after Holm: recorded 0.0001, now"))
  }
}
