import ArgumentParser
import Basics
import Datasets
import Foundation
import Harness
import Ranking

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Retrieval metrics of embeddings, from any program.",
    discussion: """
      Either an embedding file (/queries, /gallery, /relevance), or --dataset with --texts and --items: files of vectors by
      name (/ids, /features; captions are named ID#k), ranked by the dataset's own protocol.
      """)

  @Argument(help: "HDF5 file with /queries, /gallery, /relevance.") var file: String?
  @Option(name: .customLong("protocol"), help: "With a file: v2t-grouped (needs /gallery_groups). With a dataset: \(protocols).")
  var protocolName: String?
  @OptionGroup(title: "Ranking") var ranking: RankingOptions
  @OptionGroup(title: "Late fusion") var fusion: FusionOptions
  @OptionGroup(title: "A dataset's protocols") var task: TaskOptions
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var engine: EngineOptions

  private static let protocols =
    (RetrievalProtocol.allCases.map(\.rawValue) + HashingProtocol.allCases.map(\.rawValue)).joined(separator: ", ")

  func validate() throws {
    guard (file == nil) != (task.dataset == nil) else {
      throw ValidationError("give either an embedding file or --dataset")
    }
    if task.dataset != nil, fusion.fuse != nil { throw ValidationError("--fuse takes embedding files, not a dataset") }
  }

  func run() throws {
    try engine.apply()
    try task.dataset == nil ? evaluateFile() : evaluateTasks()
  }

  private func evaluateFile() throws {
    guard let file else { return }
    let settings = try ranking.settings()
    let bank = try ranking.querybank()
    let results: [RankingResult]
    if let fused = try fusion.fused(with: file, settings) {
      var dot = settings
      dot.similarity = .dot
      results = try FileEvaluation.results(fused.file, protocolName: protocolName, settings: dot)
      warn("scores fused with weights \(fused.weights.map { String($0) }.joined(separator: ", "))")
    } else {
      results = try FileEvaluation.results(file, protocolName: protocolName, querybank: bank, settings: settings)
    }
    if json {
      if results.count == 1 { print(results[0].json()) } else { try printJSON(EvaluationText.json(results)) }
    } else {
      print(EvaluationText.lines(results).joined(separator: "\n"))
    }
    warnOfZeros(results, file)
  }

  private func evaluateTasks() throws {
    let settings = try ranking.settings()
    let bank = try ranking.querybank()
    let sources = try task.sources()
    let evaluations = try task.tasks(protocolName).map {
      try TaskEvaluation($0, sources: sources, settings: settings, querybank: bank, allowMissing: task.allowMissing)
    }
    let sum = EvaluationText.recallSum(evaluations)
    if json {
      var object: [String: Any] = ["tasks": evaluations.map { EvaluationText.json($0) as [String: Any] }]
      if let sum { object["rsum"] = sum }
      try printJSON(object)
    } else {
      print(evaluations.map { EvaluationText.lines($0).joined(separator: "\n") }.joined(separator: "\n\n"))
      if let sum { print("\nrsum over both directions\t" + String(format: "%.4f", sum)) }
    }
    for evaluation in evaluations { warnOfZeros(evaluation.results, evaluation.task.direction) }
  }

  private func warnOfZeros(_ results: [RankingResult], _ what: String) {
    let zeros = results.reduce(0) { $0 + $1.zeroVectors }
    if zeros > 0, results.first?.similarity == .cosine {
      warn("\(what): \(zeros) zero vector(s) have similarity 0 to everything")
    }
  }
}
