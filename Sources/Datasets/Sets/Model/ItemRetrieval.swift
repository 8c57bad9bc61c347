/// Ground truth of item-to-item retrieval: rows are positions in ``items``.
public struct ItemRetrieval: Sendable {
  /// Gallery and, as far as they can be answered, queries.
  public let items: [DatasetItem]
  /// For each item the rows of the items relevant to it, rising, itself left out.
  public let relevantRows: [[Int]]
  /// Rows of the items that have something to find: the queries to evaluate.
  public let queryRows: [Int]
  /// Ids of the items with nothing to find; they stay in the gallery and are reported, never counted.
  public let unanswerableIDs: [String]

  init(_ items: [DatasetItem], _ relevance: Dataset.Relevance) {
    self.items = items
    switch relevance {
    case .sameLabel: relevantRows = ItemRetrieval.byLabel(items)
    case .relatedIDs: relevantRows = ItemRetrieval.byRelation(items)
    }
    let relevant = relevantRows
    queryRows = items.indices.filter { !relevant[$0].isEmpty }
    unanswerableIDs = items.indices.filter { relevant[$0].isEmpty }.map { items[$0].id }
  }

  private static func byLabel(_ items: [DatasetItem]) -> [[Int]] {
    let rows = Dictionary(grouping: items.indices) { items[$0].label }
    return items.indices.map { row in
      guard let label = items[row].label else { return [] }
      return (rows[label] ?? []).filter { $0 != row }
    }
  }

  private static func byRelation(_ items: [DatasetItem]) -> [[Int]] {
    let rowOf = Dictionary(items.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    var relevant = [Set<Int>](repeating: [], count: items.count)
    for (row, item) in items.enumerated() {
      for other in item.relatedIDs.compactMap({ rowOf[$0] }) where other != row {
        relevant[row].insert(other)
        relevant[other].insert(row)
      }
    }
    return relevant.map { $0.sorted() }
  }
}
