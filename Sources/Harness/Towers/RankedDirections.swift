import Basics
import Datasets
import Ranking

/// The metrics of all directions of a cell; those of the first carry no prefix.
struct RankedDirections {
  private(set) var metrics: [String: Double] = [:]
  private(set) var ci95: [String: [Double]] = [:]
  private(set) var chance: [String: Double] = [:]
  private(set) var ceiling: [String: Double] = [:]
  /// Tie policy → metric → value.
  private(set) var policies: [String: [String: Double]] = [:]
  private(set) var tiedQueries = 0
  private(set) var queries = 0
  private(set) var gallery = 0
  private(set) var counts: [DirectionCounts] = []

  /// Ranks one direction after the other; embeddings and ranks are written into the folder.
  /// - Parameters:
  ///   - galleries: the items of each, in their order; one but for protocols with folds.
  ///   - file: queries, gallery and truth of a direction among some items.
  init(
    _ directions: [RankedDirection], _ settings: CellConfig.Evaluation, galleries: [[DatasetItem]],
    similarity: Similarity, seed: Int, folder: String, file: (RankedDirection, [DatasetItem]) throws -> DirectionFile
  ) throws {
    let plain = settings.metrics.filter { $0 != Metric.recallSum.name }
    var runs: [RankedDirection: RankedRun] = [:]
    for (place, direction) in directions.enumerated() {
      let folds = try galleries.map { try file(direction, $0) }
      let names = Self.files(directions, place)
      try EmbeddingFile(folds: folds.map(\.embeddings)).write(to: "\(folder)/\(names.embeddings)")
      let run = try RankedRun(
        folds.map { RankedRun.Fold(file: $0.embeddings, absent: $0.absent) }, settings, metrics: plain,
        similarity: similarity, seed: seed, folder: folder, ranks: names.ranks)
      runs[direction] = run
      var count = folds[0].counts
      for fold in folds.dropFirst() {
        count.queries = count.queries + fold.counts.queries
        count.gallery = count.gallery + fold.counts.gallery
        count.withoutSound += fold.counts.withoutSound
      }
      counts.append(count)
      if place == 0 { (tiedQueries, queries, gallery) = (run.tiedQueries, count.queries.listed, count.candidates) }
    }
    if plain.count < settings.metrics.count, let text = directions.firstIndex(of: .textToClip),
      let other = runs[.clipToText] ?? runs[.clipToTextGrouped]
    {
      try runs[.textToClip]?.addSum(over: other, seed: seed, ranks: "\(folder)/\(Self.files(directions, text).ranks)")
    }
    for (place, direction) in directions.enumerated() {
      if let run = runs[direction] { add(run, prefix: place == 0 ? "" : "\(direction.rawValue) ") }
    }
  }

  /// What a direction's files are called in a run's folder; the first one's carry no suffix.
  static func files(_ directions: [RankedDirection], _ place: Int) -> (embeddings: String, ranks: String) {
    let suffix = place == 0 ? nil : directions[place].rawValue
    return ("embeddings\(suffix.map { "-\($0)" } ?? "").h5", RanksFile.name(suffix))
  }

  /// `rsum` adds text to clip and back: both are ranked, missing items and all.
  /// - Throws: ``IeumError`` (usage) where one of them is not.
  static func check(_ directions: [RankedDirection], _ metrics: [String]) throws {
    guard metrics.contains(Metric.recallSum.name) else { return }
    guard directions.contains(.textToClip), directions.contains(.clipToText) || directions.contains(.clipToTextGrouped)
    else {
      throw IeumError(
        .usage, "'rsum' adds text to clip and clip to text, of which only one is ranked", place: "evaluation.metrics",
        remedy: "put t2v and v2t-flat into evaluation.directions, or leave rsum out")
    }
  }

  private mutating func add(_ run: RankedRun, prefix: String) {
    for (name, value) in run.metrics { metrics[prefix + name] = value }
    for (name, value) in run.ci95 { ci95[prefix + name] = value }
    for (name, value) in run.chance { chance[prefix + name] = value }
    for (name, value) in run.ceiling { ceiling[prefix + name] = value }
    for (policy, values) in run.policies {
      for (name, value) in values { policies[policy, default: [:]][prefix + name] = value }
    }
  }
}
