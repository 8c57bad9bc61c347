import Basics

/// The checks of ``RankingProblem``: each names the side, the row and the way out.
struct ProblemCheck {
  let file: String?
  let queryNames: [String]?
  let galleryNames: [String]?

  func rows(_ values: [Float], _ dimension: Int, side: String) throws -> Int {
    guard dimension > 0 else {
      throw failure("vectors have no dimensions", place: side, "give vectors of at least one dimension")
    }
    guard !values.isEmpty else { throw failure("there are no rows", place: side, "give at least one row") }
    guard values.count % dimension == 0 else {
      throw failure(
        "\(values.count) values are not rows of \(dimension)", place: side,
        "queries and gallery need the same number of columns")
    }
    return values.count / dimension
  }

  func finite(_ values: [Float], _ dimension: Int, side: String, names: [String]?) throws {
    guard !isFinite(values), let bad = values.firstIndex(where: { !$0.isFinite }) else { return }
    throw failure(
      "a score would be NaN or infinite: the vector holds \(values[bad]) in column \(bad % dimension)",
      place: "\(side), row \(label(bad / dimension, names))",
      "encode this item again or leave it out; scores must be finite")
  }

  /// A sum of zeros unless something is infinite or NaN: fast where all is well.
  private func isFinite(_ values: [Float]) -> Bool {
    let pieces = Parallel.workers
    return Parallel.map(Array(0..<pieces)) { piece in
      values.withUnsafeBufferPointer { all in
        var sum: Float = 0
        for value in all[(all.count * piece / pieces)..<(all.count * (piece + 1) / pieces)] { sum += value * 0 }
        return sum == 0
      }
    }.allSatisfy { $0 }
  }

  func exclude(_ exclude: [Int]?, queries: Int, gallery: Int) throws {
    guard let exclude else { return }
    guard exclude.count == queries else {
      throw failure("\(exclude.count) entries for \(queries) queries", place: "exclude", "give one row per query, −1 = none")
    }
    guard let bad = exclude.firstIndex(where: { $0 < -1 || $0 >= gallery }) else { return }
    throw failure(
      "gallery row \(exclude[bad]) does not exist (the gallery has \(gallery))",
      place: "exclude, query \(label(bad, queryNames))", "use rows 0…\(gallery - 1), or −1 for none")
  }

  /// Sorted, each row once, without the excluded row.
  func relevance(
    _ indptr: [Int], _ indices: [Int], queries: Int, gallery: Int, exclude: [Int]?
  ) throws -> (indptr: [Int], indices: [Int]) {
    guard indptr.count == queries + 1, indptr.first == 0, indptr.last == indices.count,
      zip(indptr, indptr.dropFirst()).allSatisfy({ $0 <= $1 })
    else {
      throw failure(
        "relevance does not fit \(queries) queries (\(indptr.count - 1) entries, \(indices.count) indices)",
        place: "relevance", "give one relevant row per query, or indptr [Q + 1] ascending from 0 to the number of indices")
    }
    var cleanPointers = [0]
    var clean: [Int] = []
    cleanPointers.reserveCapacity(indptr.count)
    clean.reserveCapacity(indices.count)
    for query in 0..<queries {
      try append(indices[indptr[query]..<indptr[query + 1]], of: query, gallery, exclude?[query], to: &clean)
      if clean.count == cleanPointers[query] {
        throw failure(
          "the query has no relevant item", place: "relevance, query \(label(query, queryNames))",
          "name at least one relevant gallery row (other than the excluded one), or leave the query out")
      }
      cleanPointers.append(clean.count)
    }
    return (cleanPointers, clean)
  }

  private func append(
    _ rows: ArraySlice<Int>, of query: Int, _ gallery: Int, _ excluded: Int?, to clean: inout [Int]
  ) throws {
    var last = -1
    for row in rows.count > 1 ? rows.sorted()[...] : rows {
      guard row >= 0, row < gallery else {
        throw failure(
          "gallery row \(row) does not exist (the gallery has \(gallery))",
          place: "relevance, query \(label(query, queryNames))", "use rows 0…\(gallery - 1)")
      }
      if row != last, row != excluded { clean.append(row) }
      last = row
    }
  }

  private func label(_ row: Int, _ names: [String]?) -> String {
    guard let names, names.indices.contains(row) else { return String(row) }
    return "\(row) ('\(names[row])')"
  }

  func failure(_ problem: String, place: String, _ remedy: String) -> IeumError {
    IeumError(.data, problem, file: file, place: place, remedy: remedy)
  }
}
