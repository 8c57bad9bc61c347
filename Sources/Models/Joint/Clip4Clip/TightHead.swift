import Basics
import Tensors

/// Scores every pair of a text and a clip by a transformer that reads both: `[text, frame 1, …, frame F]` → one number.
///
/// Parameter names as in CLIP4Clip's checkpoints.
/// - Source: Luo et al. 2022 (CLIP4Clip), section 3.3, tight type.
public final class TightHead: Module {
  private let positions, dense, score: Kernel
  private let blocks: [ResidualAttentionBlock]
  private let pool: LayerNorm
  private let dropout: Dropout
  private let width: Int

  /// - Parameter positions: most frames, and one for the text.
  public init(
    transformer: TransformerShape, positions count: Int, dropout: Double = 0.1, generator: inout SeededGenerator
  ) throws {
    try transformer.check("model.head")
    (width, self.dropout) = (transformer.width, Dropout(dropout))
    var initial = InitialWeights(generator: generator)
    positions = try Kernel([count, width], std: 0.02, &initial)
    blocks = try transformer.blocks(&initial)
    pool = try LayerNorm(width, eps: VideoHead.epsilon)
    dense = try Kernel([width, width], std: 0.02, hasBias: true, &initial)
    score = try Kernel([1, width], std: 0.02, hasBias: true, &initial)
    generator = initial.generator ?? generator
    super.init()
    child("cross.embeddings.position_embeddings", positions)
    child("cross.embeddings.dropout", self.dropout)
    for (index, block) in blocks.enumerated() { child("cross.transformer.resblocks.\(index)", block) }
    child("cross.pooler.ln_pool", pool)
    child("cross.pooler.dense", dense)
    child("similarity_dense", score)
  }

  /// Logits of all pairs, `[Nt, Nv]`, float32; no logit scale applies to them.
  /// - Parameters:
  ///   - text: `[Nt, D]`, not normalised.
  ///   - frames: `[Nv, F, D]`, not normalised.
  ///   - lengths: frames in use of each clip.
  public func logits(
    text: Tensor, frames: Tensor, lengths: [Int], generator: inout SeededGenerator
  ) throws -> Tensor {
    let (texts, clips, time) = (text.shape[0], frames.shape[0], frames.shape[1])
    let first = try text.to(.float32).reshape([texts, 1, 1, width]).expand([texts, clips, 1, width])
    let rest = try frames.to(.float32).unsqueeze(0).expand([texts, clips, time, width])
    let pairs = try Tensor.cat([first, rest], dim: 2).reshape([texts * clips, time + 1, width])
    var x = try pairs + positions.weight.narrow(dim: 0, start: 0, length: time + 1)
    x = try dropout(x, generator: &generator)
    let inUse = [[Int]](repeating: lengths.map { $0 + 1 }, count: texts).flatMap { $0 }
    let mask = try lengthMask(inUse, steps: time + 1).to(x.device)
    for block in blocks { x = try block(x, mask: mask) }
    let state = try pool(x.select(dim: 1, index: 0)).linear(dense.weight, dense.bias)
    let active = try TransformerActivation.quickGELU(state)
    return try active.linear(score.weight, score.bias).to(.float32).reshape([texts, clips])
  }

  /// As ``VideoHead/start(from:)``.
  @discardableResult
  public func start(from text: ClipTextNetwork) throws -> Bool {
    try HeadStart.copy(
      from: text, to: self, positions: "cross.embeddings.position_embeddings.weight", blocks: "cross.transformer.")
  }
}
