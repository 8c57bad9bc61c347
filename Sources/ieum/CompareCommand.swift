import ArgumentParser
import Basics
import Harness
import Ranking

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Paired bootstrap and paired randomisation test on per-query ranks, corrected after Holm.",
    discussion: """
      Each argument is a result cell (its folder, or EXPERIMENT/CELL), a ranks.h5, or an embedding file; all must have \
      the same queries, and cells the same dataset, split and language. The first is compared with each of the others; differences are first minus other. All seeds \
      of a cell are used: values are means over them.
      """)

  @Argument(help: "The first result cell or embedding file.") var first: String
  @Argument(help: "One or more to compare it with.") var others: [String]
  @Option(name: .customLong("metric"), help: "A metric, such as R@10. May be repeated (default: those both report).")
  var metrics: [String] = []
  @Option(help: "How embedding files are ranked: cosine, dot or euclidean.") var similarity = "cosine"
  @Option(help: "expected, optimistic or pessimistic (default: as the first cell was evaluated).") var ties: String?
  @Option(help: "Seed of both tests.") var seed: UInt64 = 0
  @Option(help: "Draws of both tests (the randomisation test is exact where at most 16 queries differ).")
  var rounds = Significance.rounds
  @Option(help: "Where EXPERIMENT/CELL is looked for.") var results = "results"
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    if rounds < 100 { throw ValidationError("--rounds must be at least 100") }
  }

  func run() throws {
    let wanted = try metrics.map { try Metric.parse($0) }
    let policy = try ties.map { try TiePolicy.named($0) }
    let measure = try Similarity.named(similarity)
    let runs = try ([first] + others).map {
      try ComparableRun.load($0, results: results, metrics: wanted, similarity: measure)
    }
    let comparison = try Comparison(
      runs[0], with: Array(runs.dropFirst()), metrics: wanted, ties: policy, seed: seed, rounds: rounds)
    if json { try printJSON(comparison.jsonObject) } else { print(comparison.text) }
  }
}
