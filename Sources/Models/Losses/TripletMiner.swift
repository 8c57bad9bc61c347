import Basics
import Tensors

/// Row indices of mined triplets.
struct MinedTriplets {
  var anchors: [Int] = []
  var positives: [Int] = []
  var negatives: [Int] = []
  /// Anchor–positive pairs looked at: the N of the mean. Pairs without a semi-hard negative count, with a term of 0.
  var considered = 0

  mutating func append(_ anchor: Int, _ positive: Int, _ negative: Int) {
    anchors.append(anchor)
    positives.append(positive)
    negatives.append(negative)
  }
}

/// Chooses triplets from a batch by the mining of a ``BatchLoss``.
struct TripletMiner {
  let batch: BatchLoss
  let relevance: BatchRelevance

  func mine(_ embeddings: Tensor, _ generator: inout SeededGenerator) throws -> MinedTriplets {
    switch batch.mining {
    case .all: return try all()
    case .random:
      return pairwise(&generator) { anchor, _, generator in
        relevance.negatives(of: anchor).randomElement(using: &generator)
      }
    case .hard, .semiHard:
      let table = try DistanceTable(embeddings, embeddings, batch.distance)
      return pairwise(&generator) { anchor, positive, _ in nearest(table.row(anchor), anchor, positive) }
    }
  }

  private func nearest(_ row: ArraySlice<Double>, _ anchor: Int, _ positive: Int) -> Int? {
    let region: NegativeRegion =
      batch.mining == .semiHard
      ? .semiHard(positive: row[row.startIndex + positive], margin: batch.margin) : .anywhere
    return region.nearest(row) { $0 != anchor && !relevance[anchor, $0] }
  }

  /// One negative for each of an anchor's positives, of which at most `positivesPerAnchor` are drawn.
  private func pairwise(
    _ generator: inout SeededGenerator, negative: (Int, Int, inout SeededGenerator) -> Int?
  ) -> MinedTriplets {
    var mined = MinedTriplets()
    for anchor in 0..<relevance.count {
      let positives = relevance.positives(of: anchor).shuffled(using: &generator).prefix(batch.positivesPerAnchor)
      for positive in positives {
        mined.considered += 1
        if let chosen = negative(anchor, positive, &generator) { mined.append(anchor, positive, chosen) }
      }
    }
    return mined
  }

  private func all() throws -> MinedTriplets {
    var mined = MinedTriplets()
    for anchor in 0..<relevance.count {
      let (positives, negatives) = (relevance.positives(of: anchor), relevance.negatives(of: anchor))
      guard mined.anchors.count + positives.count * negatives.count <= BatchLoss.maximumTriplets else {
        throw IeumError(
          .usage, "mining 'all' makes more than \(BatchLoss.maximumTriplets) triplets of \(relevance.count) items",
          remedy: "use a smaller batch, or mining 'random', 'hard' or 'semi-hard'")
      }
      for positive in positives {
        for negative in negatives { mined.append(anchor, positive, negative) }
      }
    }
    mined.considered = mined.anchors.count
    return mined
  }
}
