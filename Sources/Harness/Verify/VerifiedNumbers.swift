import Basics
import Ranking

/// Every number of a cell that can be computed from its stored ranks.
extension Verification.Cell {
  /// - Parameter folder: the cell's.
  mutating func checkNumbers(_ result: CellResult, folder: String) {
    do {
      if let digest = result.digests.ranks { compare("ranks.h5", try Digest.ofFile(folder + "/ranks.h5"), digest) }
      compare("metrics", "\(result.summary.keys.sorted())", "\(result.metrics.keys.sorted())")
      var files: [String: RanksFile] = [:]
      var ties = TieReadings()
      for name in result.metrics.keys.sorted() {
        let key = MetricKey(name)
        let path = "\(folder)/\(RanksFile.name(key.direction))"
        let ranks = try files[path] ?? RanksFile.read(path)
        files[path] = ranks
        let metric = try Metric.parse(key.metric)
        try check(name, metric, ranks, result)
        ties.add(name, metric, ranks.runs)
        if key.direction == nil, ties.queries == nil {
          ties.queries = ranks.runs.map(\.tiedQueries).max() ?? 0
          checkSizes(ranks, result)
        }
      }
      checkTies(ties, result)
    } catch {
      differs.append("the ranks cannot be read: \(error)")
    }
  }

  private mutating func checkSizes(_ ranks: RanksFile, _ result: CellResult) {
    let first = ranks.runs.first
    compare("seeds", "\(ranks.seeds)", "\(result.seeds)")
    compare("queries", "\(first?.forward.count ?? 0)", "\(result.queries)")
    compare("blocks of queries", "\(first?.blocks.count ?? 0)", "\(result.queryBlocks)")
  }

  private mutating func check(_ name: String, _ metric: Metric, _ ranks: RanksFile, _ result: CellResult) throws {
    let ties = try TiePolicy.named(result.ties.policy)
    let values = ranks.runs.compactMap { $0.values([metric], ties: ties).first?.value }
    compare(name, "\(values)", "\(result.metrics[name] ?? [])")
    let spread = Spread(of: values)
    compare("\(name) mean", "\(spread?.mean ?? .nan)", "\(result.summary[name]?.mean ?? .nan)")
    compare("\(name) deviation", "\(spread?.std ?? .nan)", "\(result.summary[name]?.std ?? .nan)")
    let interval = try RankedQueries.intervals(of: ranks.runs, [metric], ties: ties).first?.interval
    compare("\(name) interval", "\(interval.map { [$0.low, $0.high] } ?? [])", "\(result.ci95[name] ?? [])")
    guard let run = ranks.runs.first else { return }
    compare("\(name) chance", "\(Chance.expected(metric, of: run))", ifRecorded: result.chance[name].map { "\($0)" })
    compare("\(name) ceiling", "\(Ceiling.exact(metric, of: run))", ifRecorded: result.ceiling[name].map { "\($0)" })
  }

  /// Bounds stand in a record only where ties change some metric; they then stand for all.
  private mutating func checkTies(_ ties: TieReadings, _ result: CellResult) {
    compare("ties", "\(ties.queries ?? 0)", "\(result.ties.queries)")
    let recorded = result.ties.bounds ?? [:]
    if !ties.matters, recorded.isEmpty { return }
    compare("bounds by ties", TieReadings.text(ties.bounds), TieReadings.text(recorded))
  }
}

/// What the extreme readings of ties make of the metrics of a cell.
private struct TieReadings {
  /// Of the first direction; the seed with most of them.
  var queries: Int?
  /// Metric → `[pessimistic, optimistic]`, means over the seeds.
  var bounds: [String: [Double]] = [:]
  /// Whether some policy gives another value than another.
  var matters = false

  mutating func add(_ name: String, _ metric: Metric, _ runs: [RankedQueries]) {
    let readings = runs.map { run in TiePolicy.standard.map { run.values([metric], ties: $0).first?.value ?? .nan } }
    // A sum alone may change where none of the metrics that were asked for does: records then have no bounds.
    if metric != .recallSum, readings.contains(where: { Set($0).count > 1 }) { matters = true }
    bounds[name] = [TiePolicy.pessimistic, .optimistic].map { policy in
      let place = TiePolicy.standard.firstIndex(of: policy) ?? 0
      return readings.reduce(0) { $0 + $1[place] } / Double(runs.count)
    }
  }

  static func text(_ bounds: [String: [Double]]) -> String {
    bounds.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }
}
