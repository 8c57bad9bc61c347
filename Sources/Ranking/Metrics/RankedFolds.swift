/// Several galleries, each ranked for its own queries (COCO 1k): metrics are the arithmetic means of the folds' values,
/// medians included, as vsepp has it.
extension RankedQueries {
  /// Each fold by itself; empty where there is one gallery.
  var byFold: [RankedQueries] {
    guard let folds else { return [] }
    return (0..<folds.count).map { fold in
      let queries = folds.forward.indices.filter { folds.forward[$0] == fold }
      let others = folds.reverse.map { labels in labels.indices.filter { labels[$0] == fold } } ?? []
      return RankedQueries(
        forward: forward.selecting(queries), reverse: reverse?.selecting(others),
        blocks: blocks.selecting(queries), reverseBlocks: reverseBlocks?.selecting(others), depth: depth,
        present: present?.selecting(queries), reversePresent: reversePresent?.selecting(others))
    }
  }

  /// Folds one after the other.
  /// - Precondition: at least one, each with one gallery.
  init(joining parts: [RankedQueries]) {
    func labels(_ counts: [Int]) -> [Int] { counts.enumerated().flatMap { [Int](repeating: $0, count: $1) } }
    let reverse = parts.compactMap(\.reverse)
    let hasReverse = reverse.count == parts.count
    let present = parts.map { $0.present ?? PresentRows($0.forward, unranked: 0) }
    self.init(
      forward: QueryLevels(joining: parts.map(\.forward)), reverse: hasReverse ? QueryLevels(joining: reverse) : nil,
      blocks: QueryBlocks(joining: parts.map(\.blocks)),
      reverseBlocks: hasReverse ? QueryBlocks(joining: parts.compactMap(\.reverseBlocks)) : nil, depth: parts[0].depth,
      present: parts.allSatisfy { $0.present == nil }
        ? nil : PresentRows(gallery: present.flatMap(\.gallery), relevant: present.flatMap(\.relevant)),
      folds: Folds(
        forward: labels(parts.map(\.forward.count)), reverse: hasReverse ? labels(reverse.map(\.count)) : nil))
  }
}

extension QueryBlocks {
  func selecting(_ queries: [Int]) -> QueryBlocks { QueryBlocks(labels: queries.map { blockOf[$0] }) }

  init(joining parts: [QueryBlocks]) {
    var (labels, start): ([Int], Int) = ([], 0)
    for part in parts {
      labels += part.blockOf.map { start + $0 }
      start += part.count
    }
    self.init(labels: labels)
  }
}

extension RankingResult {
  /// The result over several galleries; ``gallery`` is the first one's size.
  /// - Parameter folds: results of the same metrics, similarity and tie policy, at least one.
  public init(folds: [RankingResult]) {
    precondition(!folds.isEmpty, "a mean needs folds")
    let first = folds[0]
    let metrics = first.metrics.map(\.metric)
    let ranked = RankedQueries(joining: folds.map(\.ranked))
    let score = Scoring(ranked, seed: 0)
    let values = score.values(metrics, first.policy)
    self.init(
      similarity: first.similarity, rescoring: first.rescoring, policy: first.policy, metrics: values,
      queries: folds.reduce(0) { $0 + $1.queries }, gallery: first.gallery,
      tiedQueries: folds.reduce(0) { $0 + $1.tiedQueries },
      policies: RankingEvaluator.differing(metrics, first.policy, values, score),
      ci95: score.intervals(metrics, first.policy), zeroVectors: folds.reduce(0) { $0 + $1.zeroVectors },
      ranked: ranked)
  }
}
