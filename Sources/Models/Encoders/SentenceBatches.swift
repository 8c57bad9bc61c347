import Basics

/// Runs token sequences of different lengths through a text network, batch by batch.
struct SentenceBatches {
  /// The encoder's name, for messages.
  let owner: String
  /// Every id is below it.
  let vocabulary: Int
  /// Most tokens of one sentence, special ones included.
  let maxTokens: Int
  let dimension: Int
  /// Fills shorter rows of a batch.
  let paddingID: Int
  /// Sentences per forward pass.
  let size: Int

  /// One batch: `rows` × `time` ids, padded behind each row's length.
  struct Batch {
    let ids: [Int64]
    let lengths: [Int]
    let time: Int
  }

  /// Vectors in the order of the sentences, `[ids.count, dimension]` row-major.
  /// - Parameter forward: the vectors of one batch, row-major.
  /// - Throws: ``IeumError`` (data) for an empty or too long sentence, an id outside the vocabulary, a result that is
  ///   not finite.
  func encode(_ ids: [[Int]], forward: (Batch) throws -> [Float]) throws -> [Float] {
    try check(ids)
    var rows = [Float](repeating: 0, count: ids.count * dimension)
    // Neighbours of equal length waste no work on padding.
    let order = ids.indices.sorted { (ids[$0].count, $0) < (ids[$1].count, $1) }
    for start in stride(from: 0, to: order.count, by: max(1, size)) {
      let members = Array(order[start..<min(order.count, start + max(1, size))])
      let vectors = try forward(padded(members.map { ids[$0] }))
      for (place, row) in members.enumerated() {
        let vector = vectors[place * dimension..<(place + 1) * dimension]
        guard vector.allSatisfy(\.isFinite) else {
          throw IeumError(
            .data, "gives a vector that is not finite", place: "\(owner), sentence \(row)",
            remedy: "check that the weights are whole and belong to the config")
        }
        rows.replaceSubrange(row * dimension..<(row + 1) * dimension, with: vector)
      }
    }
    return rows
  }

  func padded(_ rows: [[Int]]) -> Batch {
    let time = rows.map(\.count).max() ?? 1
    let ids = rows.flatMap { row in
      row.map { Int64($0) } + [Int64](repeating: Int64(paddingID), count: time - row.count)
    }
    return Batch(ids: ids, lengths: rows.map(\.count), time: time)
  }

  private func check(_ ids: [[Int]]) throws {
    for (index, row) in ids.enumerated() {
      guard (1...maxTokens).contains(row.count) else {
        throw IeumError(
          .data, "has \(row.count) tokens", place: "\(owner), sentence \(index)",
          remedy: "give 1 to \(maxTokens) tokens, special ones included")
      }
      if let bad = row.first(where: { !(0..<vocabulary).contains($0) }) {
        throw IeumError(
          .data, "has token id \(bad), the vocabulary ends at \(vocabulary - 1)",
          place: "\(owner), sentence \(index)", remedy: "give the tokenizer that belongs to the weights")
      }
    }
  }
}
