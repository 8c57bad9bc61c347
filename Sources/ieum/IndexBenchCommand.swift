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

    @Argument(help: "A feature file, an embedding file, or a file of ann-benchmarks.") var file: String?
    @Option(name: .customLong("index"), help: "An index; may be repeated (default: all).") var indexes:
      [String] = []
    @Option(help: "angular, euclidean, manhattan, dot or hamming.") var metric: String?
    @OptionGroup var given: IndexParameters
    @Option(name: .customShort("k"), help: "Neighbours.") var k = 10
    @Option(help: "Rows held out as queries, where the file has none.") var queries = 1000
    @Option(help: "Seed of the held-out rows.") var seed: UInt64 = 0
    @Option(help: "Passes over the queries; the fastest counts.") var runs = 3
    @Option(help: "Folder that receives bench.json, bench.md and the figure.") var out: String?
    @Flag(
      help: """
        Time whole queries of a search index (FILE is its folder; default: the default index) by text, picture, clip and \
        sound: encoding, searching, both. At most \(SearchLatency.mostMedia) of each but text.
        """)
    var endToEnd = false
    @Option(help: "Also write the data with true neighbours as an ann-benchmarks file.") var export: String?
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup var engine: EngineOptions

    func validate() throws {
      if file == nil, !endToEnd { throw ValidationError("name a file, or give --end-to-end") }
      if k < 1 || runs < 1 || queries < 1 {
        throw ValidationError("-k, --runs and --queries must be at least 1")
      }
    }

    func run() throws {
      if endToEnd { return try timeQueries() }
      guard let file else { return }
      let wanted = try metric.map { try IndexMetric.named($0) }
      let input = try IndexInput.read(file).holdingOut(queries, seed: seed)
      let metric = try input.metric(wanted)
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
      let database = try file.map { try SearchDatabase.open($0) } ?? DefaultSearch.open { warn($0) }
      let latency = try SearchLatency.measure(try SearchEngine(database), queries: queries, k: k, seed: seed)
      if json { return try printJSON(encoding: latency) }
      var table = PlainTable(
        ["query", "queries"] + ["encode", "search", "total"].flatMap { ["\($0) P50 ms", "P99 ms"] }, left: [0])
      for row in latency.timings {
        let times = [row.encode, row.search, row.total].flatMap { [$0.p50, $0.p99] }
        table.add([row.kind.rawValue, "\(row.queries)"] + times.map { String(format: "%.2f", $0) })
      }
      print("\(latency.items) items\n\n" + table.text)
      for note in latency.notes { print(note) }
    }
  }
}
