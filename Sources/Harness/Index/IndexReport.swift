import Basics
import Foundation
import Ranking

/// The tables, figure and JSON of a bench.
public struct IndexReport {
  public let points: [IndexMeasurement]
  public let bench: IndexBench
  /// What the vectors are, for titles.
  public let title: String

  public init(_ points: [IndexMeasurement], _ bench: IndexBench, title: String) {
    self.points = points
    self.bench = bench
    self.title = title
  }

  /// Speed, recall, size; `*` marks the Pareto front.
  public var speed: PlainTable {
    var table = PlainTable(
      ["index", "setting", "annRecall@\(bench.k)", "qps", "P50 ms", "P99 ms", "build s", "MB", "front"],
      left: [0, 1])
    for point in points {
      table.add([
        point.index, point.label, String(format: "%.4f", point.annRecall), String(format: "%.0f", point.qps),
        String(format: "%.3f", point.p50Milliseconds), String(format: "%.3f", point.p99Milliseconds),
        String(format: "%.2f", point.buildSeconds), String(format: "%.1f", Double(point.bytes) / 1e6),
        point.isPareto ? "*" : "",
      ])
    }
    return table
  }

  /// What each index leaves of the retrieval task; `nil` where the file has none.
  public var retrieval: PlainTable? {
    let names = IndexBench.recallDepths.map { "R@\($0)" }
    guard points.contains(where: { !$0.retrieval.isEmpty }) else { return nil }
    var table = PlainTable(["index", "setting"] + names + ["annRecall@\(bench.k)", "qps"], left: [0, 1])
    for point in points {
      table.add(
        [point.index, point.label] + names.map { String(format: "%.2f", point.retrieval[$0] ?? 0) } + [
          String(format: "%.4f", point.annRecall), String(format: "%.0f", point.qps),
        ])
    }
    return table
  }

  /// JSON object: the data and a list of points with `annRecall@K`, `qps`, `buildSeconds`, `bytes`.
  public var json: [String: Any] {
    [
      "file": bench.input.path, "vectors": bench.input.vectors.count,
      "dimension": bench.input.vectors.dimension,
      "queries": bench.input.queries?.count ?? 0, "metric": bench.metric.rawValue, "k": bench.k,
      "results": points.map { point -> [String: Any] in
        var object: [String: Any] = [
          "index": point.index, "parameters": IndexReport.values(point.build),
          "search": IndexReport.values(point.search),
          "annRecall@\(bench.k)": point.annRecall, "qps": point.qps, "p50Milliseconds": point.p50Milliseconds,
          "p99Milliseconds": point.p99Milliseconds, "buildSeconds": point.buildSeconds, "bytes": point.bytes,
          "pareto": point.isPareto,
        ]
        if !point.retrieval.isEmpty { object["retrieval"] = point.retrieval }
        return object
      },
    ]
  }

  private static func values(_ parameters: [String: Scalar]) -> [String: Any] {
    parameters.mapValues { value in
      switch value {
      case .bool(let value): value as Any
      case .int(let value): value
      case .double(let value): value
      case .string(let value): value
      }
    }
  }

  /// Writes `bench.json`, `bench.md` and the figure.
  public func write(to folder: String) throws {
    let data = try JSONSerialization.data(
      withJSONObject: json, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    try AtomicFile.write(data, to: folder + "/bench.json")
    var text = "# \(title)\n\n\(speed.markdown)"
    if let retrieval { text += "\n## The retrieval task through each index\n\n\(retrieval.markdown)" }
    text += "\n![Pareto front](pareto.png)\n"
    try AtomicFile.write(text, to: folder + "/bench.md")
    _ = try Gnuplot.found().draw(ParetoFigure.make(points, k: bench.k, title: title), folder: folder)
  }
}
