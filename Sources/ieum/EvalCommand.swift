import ArgumentParser
import Basics
import Datasets
import Foundation
import Harness
import Ranking

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Retrieval metrics of an embedding file, from any program.")

  @Argument(help: "HDF5 file with /queries, /gallery, /relevance.") var file: String
  @Option(help: "cosine, dot or euclidean.") var similarity = "cosine"
  @Option(name: .customLong("metric"), help: "A metric, such as R@10 or cappedR@20. May be repeated.")
  var metrics: [String] = []
  @Option(help: "expected, optimistic, pessimistic; ce and clip4clip for comparison with that code.")
  var ties = "expected"
  @Option(help: "Seed of the bootstrap.") var seed: UInt64 = 0
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var engine: EngineOptions

  func run() throws {
    try engine.apply()
    let policy = try TiePolicy.named(ties)
    let measure = try Similarity.named(similarity)
    let wanted = try metrics.map { try Metric.parse($0) }
    let embeddings = try EmbeddingFile.read(file)
    let result = try RankingEvaluator.evaluate(
      try RankingProblem(embeddings, file: file), similarity: measure, ties: policy, metrics: wanted,
      blocks: embeddings.queryBlocks.map { QueryBlocks(labels: $0) }, seed: seed)
    if json { print(result.json()) } else { show(result) }
    if result.zeroVectors > 0, measure == .cosine {
      warn("\(file): \(result.zeroVectors) zero vector(s) have similarity 0 to everything")
    }
  }

  private func show(_ result: RankingResult) {
    print("\(result.queries) queries, \(result.gallery) in the gallery, ties \(result.policy.rawValue) (\(result.tiedQueries) queries)")
    for value in result.metrics {
      let interval = result.ci95.first { $0.metric == value.metric }?.interval
      let range = interval.map { String(format: "  [%.3f, %.3f]", $0.low, $0.high) } ?? ""
      print("\(value.metric.name)\t" + String(format: "%.4f", value.value) + range)
    }
  }
}
