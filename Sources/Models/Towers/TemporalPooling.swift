import Basics
import Tensors

/// How the features of a clip's frames `[N, F, D]` become one vector `[N, D]`.
///
/// Frames past a row's length never count; a row without frames gives zeros.
public final class TemporalPooling: Module {
  public enum Kind: String, CaseIterable, Sendable {
    /// The mean over the frames (half2020: the choice for its clips).
    case mean
    /// The maximum of each component.
    case max
    /// A weighted mean, the weights from wᵀ tanh(W·x) through a softmax over the frames
    /// (Lin et al. 2017, "A Structured Self-Attentive Sentence Embedding", eq. 5).
    case attention
    /// The last state of an LSTM of width D.
    case lstm
  }

  public let kind: Kind
  private var hidden: Linear?
  private var score: Linear?
  private var recurrent: LSTM?

  /// - Parameter dimension: D of the frames' features.
  public init(_ kind: Kind, dimension: Int, generator: inout SeededGenerator) throws {
    self.kind = kind
    super.init()
    switch kind {
    case .mean, .max: break
    case .attention:
      let width = Swift.max(1, dimension / 4)
      hidden = child("hidden", try Linear(dimension, width, generator: &generator))
      score = child("score", try Linear(width, 1, bias: false, generator: &generator))
    case .lstm: recurrent = child("lstm", try LSTM(dimension, dimension, generator: &generator))
    }
  }

  /// `[N, F, D]` -> `[N, D]`.
  /// - Parameter lengths: frames in use of each row, 0...F; nil = all.
  public func callAsFunction(_ frames: Tensor, lengths: [Int]? = nil) throws -> Tensor {
    let sizes = try frames.sizes("[N, F, D]", rank: 3, of: "the frames to pool")
    let lengths = lengths ?? [Int](repeating: sizes[1], count: sizes[0])
    guard lengths.count == sizes[0], lengths.allSatisfy({ (0...sizes[1]).contains($0) }) else {
      throw IeumError(.data, "the frame counts \(lengths) do not fit frames \(sizes)", remedy: "give one count per row")
    }
    if let recurrent { return try recurrent(frames, lengths: lengths).last() }
    let unused = try lengthMask(lengths, steps: sizes[1]).logicalNot().unsqueeze(2).to(frames.device)
    let isEmpty = try Tensor(lengths.map { $0 == 0 }, shape: [sizes[0], 1]).to(frames.device)
    switch kind {
    case .max: return try frames.maskedFill(unused, -.infinity).amax(dim: 1).maskedFill(isEmpty, 0)
    case .attention: return try (frames * weights(frames, unused, isEmpty)).sum(dim: 1)
    case .mean, .lstm:
      let counts = try Tensor(lengths.map { Float(Swift.max(1, $0)) }, shape: [sizes[0], 1])
      return try frames.maskedFill(unused, 0).sum(dim: 1) / counts.to(frames.dtype).to(frames.device)
    }
  }

  /// Weights of the frames `[N, F, 1]`, 0 where unused.
  private func weights(_ frames: Tensor, _ unused: Tensor, _ isEmpty: Tensor) throws -> Tensor {
    guard let hidden, let score else { preconditionFailure("attention pooling has its layers") }
    // A row without frames would be a softmax over nothing; it is scored as a whole and then blanked.
    let blank = try unused.and(isEmpty.logicalNot().unsqueeze(2))
    let scores = try score(hidden(frames).tanh()).maskedFill(blank, -.infinity)
    return try scores.softmax(dim: 1).maskedFill(unused, 0)
  }
}
