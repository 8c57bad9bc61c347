import Basics
import Tensors

/// A trainable bag of words: the mean of the vectors of a sentence's words, which are learnt or start from given ones.
/// - Source: Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their Compositionality".
public final class WordVectorText: Module {
  public let dimension: Int
  private let words: Embedding

  /// - Parameters:
  ///   - vocabularySize: ids 0 (padding) to vocabularySize − 1.
  ///   - known: vectors by id that training starts from; the other words start as Gaussian draws of the same spread.
  /// - Throws: ``IeumError`` (usage) for sizes that are not positive or a vector of another length.
  public init(
    vocabularySize: Int, dimension: Int, known: [Int: [Float]] = [:], generator: inout SeededGenerator
  ) throws {
    guard vocabularySize > 1, dimension > 0, known.values.allSatisfy({ $0.count == dimension }) else {
      throw IeumError(
        .usage, "cannot have \(vocabularySize) words of \(dimension) numbers", place: "encoder 'word2vec'",
        remedy: "give a positive width and a vocabulary of a padding id and at least one word")
    }
    self.dimension = dimension
    words = try Embedding(
      vocabularySize, dimension, paddingIndex: RecurrentText.paddingID, generator: &generator)
    super.init()
    child("words", words)
    try start(from: known)
  }

  private func start(from known: [Int: [Float]]) throws {
    guard !known.isEmpty else { return }
    let flat = known.values.joined()
    let spread = (flat.reduce(0) { $0 + Double($1) * Double($1) } / Double(flat.count)).squareRoot()
    var rows = try words.weight.detached().floats().map { $0 * Float(spread) }
    for (id, vector) in known { rows.replaceSubrange(id * dimension..<(id + 1) * dimension, with: vector) }
    try words.weight.assign(try Tensor(rows, shape: words.weight.shape))
  }

  /// - Parameter ids: int64 `[N, T]`, padded at the end with ``RecurrentText/paddingID``.
  /// - Returns: `[N, D]`; a sentence without a word gives zeros.
  public func features(_ ids: Tensor) throws -> Tensor {
    let lengths = try RecurrentText.lengths(of: ids)
    let time = ids.shape[1]
    let weights = lengths.flatMap { length in (0..<time).map { $0 < length ? 1 / Float(length) : 0 } }
    let mean = try Tensor(weights, shape: [ids.shape[0], 1, time]).to(device)
    return try mean.matmul(words(ids)).squeeze(1)
  }
}
