import Datasets
import Foundation
import Ranking

/// Evaluations as text for a person and as JSON objects.
public enum EvaluationText {
  /// One gallery: the whole result; several: means, with the values fold by fold.
  public static func json(_ results: [RankingResult]) -> [String: Any] {
    guard results.count > 1 else { return results.first?.jsonObject ?? [:] }
    let means = FoldMeans(results)
    var object = results[0].jsonObject
    for name in ["ci95", "policies"] { object[name] = nil }
    for value in means.metrics { object[value.metric.name] = value.value }
    object["queries"] = results.reduce(0) { $0 + $1.queries }
    object["ties"] = ["policy": results[0].policy.rawValue, "queries": results.reduce(0) { $0 + $1.tiedQueries }] as [String: Any]
    object["zeroVectors"] = results.reduce(0) { $0 + $1.zeroVectors }
    object["folds"] = Dictionary(uniqueKeysWithValues: means.metrics.map { ($0.metric.name, means.values($0.metric)) })
    return object
  }

  public static func lines(_ results: [RankingResult]) -> [String] {
    guard let first = results.first else { return [] }
    let queries = results.reduce(0) { $0 + $1.queries }
    let tied = results.reduce(0) { $0 + $1.tiedQueries }
    let galleries = results.count > 1 ? "\(results.count) galleries of \(first.gallery), means over them" : "\(first.gallery) in the gallery"
    var lines = ["\(queries) queries, \(galleries), ties \(first.policy.rawValue) (\(tied) queries)"]
    if let rescoring = first.rescoring {
      lines.append(
        "RESCORED by \(rescoring.name) (scale \(rescoring.scale)): it sees \(rescoring.sees); not comparable with plain scores")
    }
    let means = FoldMeans(results)
    for value in means.metrics {
      let interval = results.count == 1 ? first.ci95.first { $0.metric == value.metric }?.interval : nil
      let range = interval.map { String(format: "  [%.3f, %.3f]", $0.low, $0.high) } ?? ""
      let folds = results.count > 1
        ? "  (" + means.values(value.metric).map { String(format: "%.2f", $0) }.joined(separator: ", ") + ")" : ""
      lines.append("\(value.metric.name)\t" + String(format: "%.4f", value.value) + range + folds)
    }
    return lines
  }

  public static func json(_ evaluation: TaskEvaluation) -> [String: Any] {
    let task = evaluation.task
    var object = json(evaluation.results)
    object["protocol"] = task.protocolName
    object["direction"] = task.direction
    object["split"] = task.split
    object["captions"] = task.captionPolicy.rawValue
    object["queryHash"] = task.queryHash
    object["galleryHash"] = task.galleryHash
    object["listedItems"] = task.listedItems
    object["completeness"] = ["queries": evaluation.queries.text, "gallery": evaluation.gallery.text]
    return object
  }

  public static func lines(_ evaluation: TaskEvaluation) -> [String] {
    let task = evaluation.task
    let captions = task.querySide == .queries ? "" : ", captions \(task.captionPolicy.rawValue)"
    var head = [
      "\(task.protocolName == task.direction ? "" : "\(task.protocolName) ")\(task.direction) on \(task.split)\(captions), "
        + "gallery \(task.galleryHash.prefix(12))",
      "with vectors: queries \(evaluation.queries.text), gallery \(evaluation.gallery.text)",
    ]
    if !evaluation.queries.isComplete || !evaluation.gallery.isComplete {
      head.append("INCOMPLETE: what has no vector counts as a miss")
    }
    return head + lines(evaluation.results)
  }

  /// R@1 + R@5 + R@10 over both directions of a protocol that has two.
  public static func recallSum(_ evaluations: [TaskEvaluation]) -> Double? {
    guard evaluations.count == 2, evaluations.allSatisfy({ $0.results.allSatisfy { $0.rescoring == nil } }) else { return nil }
    let values = evaluations.flatMap { evaluation in
      [1, 5, 10].map { FoldMeans(evaluation.results)[.recall(at: $0)] }
    }
    let known = values.compactMap { $0 }
    return known.count == values.count ? known.reduce(0, +) : nil
  }
}
