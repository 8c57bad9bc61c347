import ArgumentParser
import Basics
import Foundation
import Harness
import Ranking
import Search

extension IndexCommand {
  struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Recall, speed, size of indexes over a sweep of settings.",
      discussion: """
        Queries: those of the file; of a feature file, --queries rows are held out. Recall is counted by \
        distance, as ann-benchmarks does. A file with a retrieval task gets a second table: what each index \
        leaves of its R@K.
        """)

    @Argument(help: "A feature file, an embedding file, or a file of ann-benchmarks.") var file: String
    @Option(name: .customLong("index"), help: "An index; may be repeated (default: all).") var indexes:
      [String] = []
    @Option(help: "angular, euclidean, manhattan, dot or hamming.") var metric: String?
    @OptionGroup var given: IndexParameters
    @Option(name: .customShort("k"), help: "Neighbours.") var k = 10
    @Option(help: "Rows held out as queries, where the file has none.") var queries = 1000
    @Option(help: "Seed of the held-out rows.") var seed: UInt64 = 0
    @Option(help: "Passes over the queries; the fastest counts.") var runs = 3
    @Option(help: "Folder that receives bench.json, bench.md and the figure.") var out: String?
    @Flag(help: "Time whole text queries of a search index (FILE is its folder): encoding, searching, both.")
    var endToEnd = false
    @Option(help: "Also write the data with true neighbours as an ann-benchmarks file.") var export: String?
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup var engine: EngineOptions

    func validate() throws {
      if k < 1 || runs < 1 || queries < 1 {
        throw ValidationError("-k, --runs and --queries must be at least 1")
      }
    }

    func run() throws {
      if endToEnd { return try timeQueries() }
      let wanted = try metric.map { try IndexMetric.named($0) }
      let input = try IndexInput.read(file).holdingOut(queries, seed: seed)
      let metric = wanted ?? input.metric ?? .angular
      let sweep = try IndexSweep(
        indexes: indexes.isEmpty ? IndexRegistry.all.map(\.name) : indexes, values: try given.several(),
        metric: metric,
        note: warn)
      if let export { try AnnBenchmarksFile.write(input, metric: metric, k: 100, to: export) }
      let bench = try IndexBench(input, metric: metric, k: k, runs: runs)
      let showsProgress = isatty(STDERR_FILENO) != 0
      let points = try bench.run(sweep) { if showsProgress { warn($0) } }
      let name = (file as NSString).lastPathComponent
      let report = IndexReport(
        points, bench,
        title: "\(name): \(input.vectors.count) × \(input.vectors.dimension), \(metric.rawValue)")
      if let out { try report.write(to: out) }
      if json { return try printJSON(report.json) }
      print(report.title + "\n\n" + report.speed.text)
      if let retrieval = report.retrieval {
        print("\nThe retrieval task through each index\n" + retrieval.text)
      }
    }

    private func timeQueries() throws {
      try engine.apply()
      let latency = try SearchLatency.measure(
        try SearchEngine(try SearchDatabase.open(file)), queries: queries, k: k, seed: seed)
      if json { return try printJSON(encoding: latency) }
      var table = PlainTable(["", "P50 ms", "P99 ms"])
      for (name, part) in [("encode", latency.encode), ("search", latency.search), ("total", latency.total)] {
        table.add([name, String(format: "%.2f", part.p50), String(format: "%.2f", part.p99)])
      }
      print("\(latency.queries) text queries over \(latency.items) items\n\n" + table.text)
    }
  }
}
