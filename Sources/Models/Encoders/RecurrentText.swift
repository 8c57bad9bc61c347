import Basics
import Tensors

/// A trainable text encoder: word embedding, one recurrent layer, its last state.
public final class RecurrentText: Module {
  public enum Kind: String, Sendable, CaseIterable {
    /// Elman network with tanh.
    case rnn
    case lstm, gru
  }

  public let kind: Kind
  public let dimension: Int
  /// The id of the padding that fills up short sentences.
  public static let paddingID = 0

  private let words: Embedding
  private let cell: RecurrentLayer

  /// - Parameters:
  ///   - vocabularySize: ids 0 (padding) to vocabularySize − 1.
  ///   - embedding: width of a word's vector.
  ///   - hidden: width of the state, which is the sentence's vector.
  public init(
    kind: Kind, vocabularySize: Int, embedding: Int = 300, hidden: Int = 768, generator: inout SeededGenerator
  ) throws {
    guard vocabularySize > 1, embedding > 0, hidden > 0 else {
      throw IeumError(
        .usage, "cannot have \(vocabularySize) words, embedding \(embedding), hidden \(hidden)", place: "encoder '\(kind)'",
        remedy: "give positive widths and a vocabulary of a padding id and at least one word")
    }
    self.kind = kind
    dimension = hidden
    words = try Embedding(vocabularySize, embedding, paddingIndex: Self.paddingID, generator: &generator)
    switch kind {
    case .rnn: cell = try RNN(embedding, hidden, generator: &generator)
    case .lstm: cell = try LSTM(embedding, hidden, generator: &generator)
    case .gru: cell = try GRU(embedding, hidden, generator: &generator)
    }
    super.init()
    child("words", words)
    child("cell", cell)
  }

  /// The state after each sentence's last word.
  /// - Parameter ids: int64 `[N, T]`, padded at the end with ``paddingID``.
  /// - Returns: `[N, H]`; an empty sentence gives zeros.
  public func features(_ ids: Tensor) throws -> Tensor {
    guard ids.rank == 2 else {
      throw IeumError(.data, "word ids of shape \(ids.shape) are not [N, T]", place: "encoder '\(kind)'")
    }
    let lengths = try Self.lengths(of: ids)
    return try cell(words(ids), lengths: lengths).last()
  }

  /// The place behind each row's last word.
  static func lengths(of ids: Tensor) throws -> [Int] {
    let time = ids.shape[1]
    let values = try ids.int64s()
    return (0..<ids.shape[0]).map { row in
      let last = (0..<time).last { values[row * time + $0] != Int64(paddingID) }
      return last.map { $0 + 1 } ?? 0
    }
  }
}
