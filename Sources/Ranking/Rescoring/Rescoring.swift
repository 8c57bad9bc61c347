import Basics

/// A change of all scores before ranking that looks at more than the pair: at other queries. Never the default, and named
/// in every result, because a system that sees one query at a time cannot do it.
public enum Rescoring: Sendable, Equatable {
  /// `s · softmax over the queries of (scale · s)`: a gallery item that many test queries want counts less for each.
  /// - Source: Cheng et al. 2021, "Improving Video-Text Retrieval by Multi-Stream Corpus Alignment and Dual Softmax Loss".
  case dualSoftmax(scale: Double)
  /// Dynamic inverted softmax: where a query's best item is one that some query of the bank likes best, its scores become
  /// `exp(beta · s) / sum over the bank of exp(beta · s)`; other queries keep theirs.
  /// `bank`: query vectors from training, `[B, D]`.
  /// - Source: Bogolin et al. 2022, "Cross Modal Retrieval with Querybank Normalisation", eqs. 5–7, top-1 activation.
  case querybank(bank: [Float], beta: Double)

  public static let names = ["dual-softmax", "querybank"]

  public var name: String {
    switch self {
    case .dualSoftmax: Rescoring.names[0]
    case .querybank: Rescoring.names[1]
    }
  }

  /// The factor in the exponent.
  public var scale: Double {
    switch self {
    case .dualSoftmax(let scale): scale
    case .querybank(_, let beta): beta
    }
  }

  /// What it looks at, for labels.
  public var sees: String {
    switch self {
    case .dualSoftmax: "all test queries at once"
    case .querybank: "a bank of training queries"
    }
  }

  func check(_ problem: RankingProblem, _ similarity: Similarity) throws {
    guard similarity != .euclidean else {
      throw IeumError(
        .usage, "\(name) needs a similarity, not a distance", remedy: "use --similarity cosine or dot")
    }
    guard scale > 0, scale.isFinite else {
      throw IeumError(.usage, "the scale of \(name) must be positive, not \(scale)")
    }
    guard case .querybank(let bank, _) = self else { return }
    guard !bank.isEmpty, bank.count % problem.dimension == 0 else {
      throw IeumError(
        .data, "\(bank.count) values are not rows of \(problem.dimension)", place: "querybank",
        remedy: "give query vectors from the same space")
    }
    guard bank.allSatisfy(\.isFinite) else {
      throw IeumError(.data, "holds a value that is NaN or infinite", place: "querybank", remedy: "encode the bank again")
    }
  }
}
