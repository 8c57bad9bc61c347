import Basics
import Tensors

/// The sizes of a ``ClipTextNetwork``; the defaults are those published with ViT-B/32.
public struct ClipTextConfig: Sendable, Equatable {
  public var vocabulary = 49_408
  /// Most tokens of a text, start and end included.
  public var positions = 77
  public var transformer = TransformerShape(width: 512, layers: 12, heads: 8)
  public var output = 512

  public init() {}
}

/// CLIP's text tower: a causal transformer whose state at the end token is projected.
///
/// Parameter names as OpenAI's.
/// - Source: Radford et al. 2021 (CLIP), 2.4.
public final class ClipTextNetwork: Module, TransformerNetwork {
  public let config: ClipTextConfig
  private let blocks: [ResidualAttentionBlock]
  private let words: Kernel
  private let positions, projection: Tensor
  private let after: LayerNorm

  public convenience init(_ config: ClipTextConfig, generator: inout SeededGenerator) throws {
    var initial = InitialWeights(generator: generator)
    try self.init(config, &initial)
    generator = initial.generator ?? generator
  }

  init(_ config: ClipTextConfig, _ initial: inout InitialWeights) throws {
    try config.transformer.check("encoder 'clip-text'")
    self.config = config
    let width = config.transformer.width
    words = try Kernel([config.vocabulary, width], std: 0.02, &initial)
    positions = try initial.normal([config.positions, width], std: 0.01)
    projection = try initial.normal([width, config.output], std: 1 / Double(width).squareRoot())
    after = try LayerNorm(width, eps: config.transformer.epsilon)
    blocks = try config.transformer.blocks(&initial)
    super.init()
    parameter("positional_embedding", positions)
    parameter("text_projection", projection)
    child("token_embedding", words)
    for (index, block) in blocks.enumerated() { child("transformer.resblocks.\(index)", block) }
    child("ln_final", after)
  }

  /// One vector per text, `[N, D]`, not normalised.
  /// - Parameter ids: int64 `[N, T]`, T up to the number of positions; what follows a row's end token is never seen.
  public func features(_ ids: Tensor) throws -> Tensor { try chain(ids)() }

  /// The same, layer by layer.
  public func chain(_ ids: Tensor) throws -> LayerChain {
    let time = try ids.size(-1)
    // A place sees itself and what stands before it.
    let mask = try Tensor.lowerTriangle(time).reshape([1, 1, time, time]).to(positions.device)
    return LayerChain(
      start: { try self.tokens(ids) }, layers: blocks.map { block in { try block($0, mask: mask) } },
      end: { try self.pooled($0, ids: ids) })
  }

  func compiledLayers(_ precision: InferencePrecision) throws -> TransformerStack {
    try config.transformer.compiled(blocks, isCausal: true, precision)
  }

  /// Int64 `[N, T]` → `[N, T, W]`, the input of the first block.
  private func tokens(_ ids: Tensor) throws -> Tensor {
    let shape = try ids.sizes("[N, T]", rank: 2, of: "token ids")
    guard (1...config.positions).contains(shape[1]) else {
      throw IeumError(
        .data, "texts of \(shape[1]) tokens do not fit a network of \(config.positions) positions",
        place: "encoder 'clip-text'", remedy: "cut the texts shorter")
    }
    return try words.weight.embedding(ids) + positions.narrow(dim: 0, start: 0, length: shape[1])
  }

  /// The last block's `[N, T, W]` → `[N, D]`, taken at the first place of each row's largest id: its end token.
  private func pooled(_ x: Tensor, ids: Tensor) throws -> Tensor {
    let shape = x.shape
    let places = try noGrad { try ids.argmax(dim: 1) }
    let index = try places.to(x.device).reshape([shape[0], 1, 1]).expand([shape[0], 1, shape[2]])
    let state = try x.gather(dim: 1, index).squeeze(1)
    return try after(state).matmul(projection)
  }
}
