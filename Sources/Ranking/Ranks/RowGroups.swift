import Basics

/// Gallery rows that compete as one candidate: a video by the best of its captions.
struct RowGroups {
  /// Sorted rows of group c: `offsets[c]..<offsets[c + 1]`.
  let offsets: [Int]
  /// Sorted row → row as given.
  private let order: [Int]
  private let groups: [Int]

  /// - Throws: ``IeumError`` (data) for a wrong number of entries, negative numbers, gaps, or groups beside `exclude`.
  init(_ groups: [Int], rows: Int, exclude: [Int]?, check: ProblemCheck) throws {
    guard exclude == nil else {
      throw check.failure("rows to leave out and groups cannot be used together", place: "gallery groups", "give one of them")
    }
    guard groups.count == rows else {
      throw check.failure("\(groups.count) entries for \(rows) rows", place: "gallery groups", "give one group per row")
    }
    let last = groups.max() ?? 0
    guard let first = groups.min(), first >= 0, last < rows else {
      throw check.failure(
        "the group \(last < rows ? groups.min() ?? 0 : last) is out of range", place: "gallery groups",
        "number the groups from 0 without gaps")
    }
    var counts = [Int](repeating: 0, count: last + 2)
    for group in groups { counts[group + 1] += 1 }
    if let gap = counts.dropFirst().firstIndex(of: 0) {
      throw check.failure("the group \(gap - 1) has no rows", place: "gallery groups", "number the groups without gaps")
    }
    for group in 0...last { counts[group + 1] += counts[group] }
    var next = counts
    var order = [Int](repeating: 0, count: rows)
    for (row, group) in groups.enumerated() {
      order[next[group]] = row
      next[group] += 1
    }
    (offsets, self.order, self.groups) = (counts, order, groups)
  }

  func reordered(_ values: [Float], dimension: Int) -> [Float] {
    if zip(order, order.dropFirst()).allSatisfy({ $0 < $1 }) { return values }
    var sorted: [Float] = []
    sorted.reserveCapacity(values.count)
    for row in order { sorted += values[(row * dimension)..<((row + 1) * dimension)] }
    return sorted
  }

  /// Relevant rows as relevant groups, each once, ascending.
  func candidates(of relevance: (indptr: [Int], indices: [Int])) -> (indptr: [Int], indices: [Int]) {
    var indptr = [0]
    var indices: [Int] = []
    for query in 0..<(relevance.indptr.count - 1) {
      let rows = relevance.indices[relevance.indptr[query]..<relevance.indptr[query + 1]]
      indices += Set(rows.map { groups[$0] }).sorted()
      indptr.append(indices.count)
    }
    return (indptr, indices)
  }
}
