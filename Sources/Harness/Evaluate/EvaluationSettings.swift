import Basics
import Ranking

/// How embeddings are ranked and what is measured: the same for files and for tasks of a dataset.
public struct EvaluationSettings: Sendable {
  public var similarity: Similarity
  /// Whether the vectors must be binary codes: two values in all of them. Squared Euclidean distance is then
  /// Hamming distance times a constant, and computed exactly.
  public var binaryCodes: Bool
  public var ties: TiePolicy
  /// Empty: the defaults.
  public var metrics: [Metric]
  public var rescoring: RescoringChoice?
  /// Seed of the bootstrap.
  public var seed: UInt64

  /// A ``Rescoring`` before its bank is known.
  public struct RescoringChoice: Sendable {
    public let name: String
    /// nil = the method's own: 100 for dual-softmax (CLIP's logit scale), 20 for querybank (its paper).
    public let scale: Double?

    /// - Throws: ``IeumError`` (usage) for an unknown name.
    public init(name: String, scale: Double? = nil) throws {
      guard Rescoring.names.contains(name) else { throw Suggestion.unknown("rescoring", name, known: Rescoring.names) }
      self.name = name
      self.scale = scale
    }

    /// - Parameter bank: training queries, `[B, D]`.
    func with(bank: [Float]?, file: String) throws -> Rescoring {
      guard name == "querybank" else { return .dualSoftmax(scale: scale ?? 100) }
      guard let bank else {
        throw IeumError(
          .data, "holds no training queries", file: file, place: "querybank",
          remedy: "write query vectors of the training part to /querybank [B, D], or give --querybank FILE")
      }
      return .querybank(bank: bank, beta: scale ?? 20)
    }
  }

  public init(
    similarity: Similarity = .cosine, ties: TiePolicy = .expected, metrics: [Metric] = [],
    rescoring: RescoringChoice? = nil, seed: UInt64 = 0, binaryCodes: Bool = false
  ) {
    self.binaryCodes = binaryCodes
    self.similarity = similarity
    self.ties = ties
    self.metrics = metrics
    self.rescoring = rescoring
    self.seed = seed
  }

  func evaluate(
    _ problem: RankingProblem, bank: [Float]?, file: String, absent: AbsentRows? = nil, metrics: [Metric]? = nil,
    blocks: [Int]? = nil
  ) throws -> RankingResult {
    if binaryCodes { try checkCodes(problem, file) }
    return try RankingEvaluator.evaluate(
      problem, similarity: similarity, ties: ties, metrics: metrics ?? self.metrics,
      rescoring: rescoring?.with(bank: bank, file: file), absent: absent,
      blocks: blocks.map { QueryBlocks(labels: $0) }, seed: seed)
  }

  private func checkCodes(_ problem: RankingProblem, _ file: String) throws {
    let values = problem.queries + problem.gallery
    if [0, -1].contains(where: { zero in values.allSatisfy { $0 == 1 || $0 == zero } }) { return }
    let odd = values.first { $0 != 0 && $0.magnitude != 1 }.map { "\($0)" } ?? "0 beside -1"
    throw IeumError(
      .data, "holds \(odd): no binary codes of 0 and 1, or of -1 and 1", file: file,
      place: "--similarity hamming", remedy: "write the codes themselves, or rank by cosine, dot or euclidean")
  }
}
