import Basics
import Tensors
import Weights

/// How frame vectors become the similarity of a clip and a text.
/// - Source: Luo et al. 2022, "CLIP4Clip: An Empirical Study of CLIP for End to End Video Clip Retrieval", section 3.3.
public enum VideoHeadKind: String, Sendable, CaseIterable {
  /// The mean of the frames; no parameters.
  case meanP
  /// An LSTM over the frames, added to them, then the mean.
  case seqLSTM
  /// A transformer over the frames, added to them, then the mean.
  case seqTransf
  /// A transformer over text and frames together; every pair is scored anew.
  case tight
}

/// Frames to one unit vector: ``VideoHeadKind/meanP``, ``VideoHeadKind/seqLSTM``, ``VideoHeadKind/seqTransf``.
///
/// Parameter names as in CLIP4Clip's checkpoints.
public final class VideoHead: Module {
  public let kind: VideoHeadKind
  private let positions: Kernel?
  private let recurrent: LSTM?
  private let blocks: [ResidualAttentionBlock]

  /// The sequence transformers' normalisations divide by a deviation that is hardly padded.
  static let epsilon = 1e-12

  /// - Parameters:
  ///   - transformer: width of a frame's vector, and the layers of ``VideoHeadKind/seqTransf``.
  ///   - positions: most frames.
  /// - Throws: ``IeumError`` (usage) for ``VideoHeadKind/tight``, which is ``TightHead``.
  public init(
    _ kind: VideoHeadKind, transformer: TransformerShape, positions count: Int, generator: inout SeededGenerator
  ) throws {
    guard kind != .tight else {
      throw IeumError(.usage, "'tight' scores pairs and makes no clip vectors", place: "model.head")
    }
    try transformer.check("model.head")
    self.kind = kind
    let width = transformer.width
    recurrent = kind == .seqLSTM ? try LSTM(width, width, generator: &generator) : nil
    var initial = InitialWeights(generator: generator)
    positions = kind == .meanP ? nil : try Kernel([count, width], std: 0.01, &initial)
    blocks = kind == .seqTransf ? try transformer.blocks(&initial) : []
    generator = initial.generator ?? generator
    super.init()
    if let positions { child("frame_position_embeddings", positions) }
    if let recurrent { child("lstm_visual", recurrent) }
    for (index, block) in blocks.enumerated() { child("transformerClip.resblocks.\(index)", block) }
  }

  /// - Parameters:
  ///   - frames: `[N, F, D]`, not normalised.
  ///   - lengths: frames in use of each row, 1…F.
  /// - Returns: unit rows `[N, D]`, float32.
  public func callAsFunction(_ frames: Tensor, lengths: [Int]) throws -> Tensor {
    let sizes = try frames.sizes("[N, F, D]", rank: 3, of: "frame vectors")
    let x = try sequence(frames.to(.float32), lengths).to(.float32).l2Normalized(dim: 2)
    let shares = lengths.flatMap { length in (0..<sizes[1]).map { $0 < length ? 1 / Float(length) : 0 } }
    let mean = try Tensor(shares, shape: [sizes[0], 1, sizes[1]]).to(x.device).matmul(x).squeeze(1)
    return try mean.l2Normalized(dim: 1)
  }

  private func sequence(_ frames: Tensor, _ lengths: [Int]) throws -> Tensor {
    let time = frames.shape[1]
    switch kind {
    case .meanP, .tight: return frames
    case .seqLSTM: return try recurrent.map { try $0(frames, lengths: lengths).outputs + frames } ?? frames
    case .seqTransf:
      guard let positions else { return frames }
      var x = try frames + positions.weight.narrow(dim: 0, start: 0, length: time)
      let mask = try lengthMask(lengths, steps: time).to(frames.device)
      for block in blocks { x = try block(x, mask: mask) }
      return try x + frames
    }
  }

  /// Starts from CLIP's text tower as CLIP4Clip does: frame positions from its positions, layers from its first layers.
  /// - Returns: whether the tower's sizes allow it; nothing is changed otherwise.
  @discardableResult
  public func start(from text: ClipTextNetwork) throws -> Bool {
    try HeadStart.copy(from: text, to: self, positions: "frame_position_embeddings.weight", blocks: "transformerClip.")
  }
}

/// Copies parts of CLIP's text tower into a head.
enum HeadStart {
  static func copy(
    from text: ClipTextNetwork, to head: Module, positions: String, blocks: String
  ) throws -> Bool {
    let source = Dictionary(text.namedState(), uniquingKeysWith: { first, _ in first })
    var pairs: [(Tensor, Tensor)] = []
    for (name, target) in head.namedState() {
      let wanted = name == positions ? "positional_embedding" : name.removing(blocks).map { "transformer." + $0 }
      guard let wanted else { continue }
      guard let tensor = source[wanted], tensor.shape == target.shape else { return false }
      pairs.append((target, tensor))
    }
    for (target, tensor) in pairs { try target.assign(tensor.detached()) }
    return !pairs.isEmpty
  }
}
