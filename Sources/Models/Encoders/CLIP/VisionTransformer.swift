import Basics
import Tensors

/// The sizes of a ``VisionTransformer``; the defaults are those of CLIP's ViT-B/32.
public struct VisionTransformerConfig: Sendable, Equatable {
  /// Side of the square input and of its square patches, in pixels.
  public var side = 224
  public var patch = 32
  public var transformer = TransformerShape(width: 768, layers: 12, heads: 12)
  /// Length of the projected vector; nil = the class token's own, without projection.
  public var output: Int? = 512
  /// CLIP normalises before the first block and gives the patch convolution no bias; torchvision's ViT the reverse.
  public var isCLIP = true

  public init() {}

  /// Patches along one side.
  public var grid: Int { side / max(1, patch) }
  /// Length of a feature vector.
  public var dimension: Int { output ?? transformer.width }

  /// The preprocessing that the published weights want.
  public var preprocessing: ImagePreprocessing {
    isCLIP
      ? ImagePreprocessing(
        resize: side, crop: side, interpolation: .bicubic, mean: ImagePreprocessing.clipMean,
        std: ImagePreprocessing.clipStd)
      : ImagePreprocessing(
        resize: side * 256 / 224, crop: side, interpolation: .bilinear, mean: ImagePreprocessing.imageNetMean,
        std: ImagePreprocessing.imageNetStd)
  }

  func check() throws {
    try transformer.check("encoder 'vit'")
    guard patch > 0, side >= patch, side % patch == 0, (output ?? 1) > 0 else {
      throw IeumError(
        .data, "patches of \(patch) pixels do not divide an image of \(side)", place: "encoder 'vit'",
        remedy: "give a side that is a multiple of the patch")
    }
  }
}

/// A vision transformer: patches as tokens, a class token in front, its last state projected.
///
/// Parameter names as OpenAI's without their leading `visual.`.
/// - Source: Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words"; Radford et al. 2021 (CLIP), 2.4.
public final class VisionTransformer: Module, ImageTransformer {
  public let config: VisionTransformerConfig
  private let blocks: [ResidualAttentionBlock]
  private let patches: Kernel
  private let classToken, positions: Tensor
  private let projection: Tensor?
  private let before: LayerNorm?
  private let after: LayerNorm

  /// A network with random weights.
  public convenience init(_ config: VisionTransformerConfig, generator: inout SeededGenerator) throws {
    var initial = InitialWeights(generator: generator)
    try self.init(config, &initial)
    generator = initial.generator ?? generator
  }

  init(_ config: VisionTransformerConfig, _ initial: inout InitialWeights) throws {
    try config.check()
    self.config = config
    let (width, patch) = (config.transformer.width, config.patch)
    let scale = 1 / Double(width).squareRoot()
    patches = try Kernel(
      [width, 3, patch, patch], std: 1 / Double(3 * patch * patch).squareRoot(), hasBias: !config.isCLIP, &initial)
    classToken = try initial.normal([width], std: scale)
    positions = try initial.normal([config.grid * config.grid + 1, width], std: scale)
    projection = try config.output.map { try initial.normal([width, $0], std: scale) }
    before = config.isCLIP ? try LayerNorm(width, eps: config.transformer.epsilon) : nil
    after = try LayerNorm(width, eps: config.transformer.epsilon)
    blocks = try config.transformer.blocks(&initial)
    super.init()
    parameter("class_embedding", classToken)
    parameter("positional_embedding", positions)
    if let projection { parameter("proj", projection) }
    child("conv1", patches)
    if let before { child("ln_pre", before) }
    for (index, block) in blocks.enumerated() { child("transformer.resblocks.\(index)", block) }
    child("ln_post", after)
  }

  /// - Parameter pixels: `[N, 3, S, S]`.
  /// - Returns: `[N, D]`, not normalised.
  public func features(_ pixels: Tensor) throws -> Tensor { try chain(pixels)() }

  /// The same, layer by layer.
  public func chain(_ pixels: Tensor) -> LayerChain {
    LayerChain(
      start: { try self.tokens(pixels) }, layers: blocks.map { block in { try block($0) } }, end: { try self.pooled($0) })
  }

  var tokens: Int { config.grid * config.grid + 1 }

  func compiledLayers(_ precision: InferencePrecision) throws -> TransformerStack {
    try config.transformer.compiled(blocks, isCausal: false, precision)
  }

  /// `[N, 3, S, S]` → `[N, 1 + patches, W]`, the input of the first block.
  private func tokens(_ pixels: Tensor) throws -> Tensor {
    let shape = try pixels.sizes("[N, 3, S, S]", rank: 4, of: "the input of a vision transformer")
    guard shape[1...] == [3, config.side, config.side] else {
      throw IeumError(
        .data, "pixels of shape \(shape) do not fit a network for images of 3×\(config.side)×\(config.side)",
        place: "encoder 'vit'", remedy: "preprocess the images for this encoder")
    }
    let cells = try pixels.conv2d(weight: patches.weight, bias: patches.bias, stride: [config.patch])
    let rows = try cells.flatten(from: 2).transposed(1, 2)
    let first = try classToken.reshape([1, 1, -1]).expand([shape[0], 1, -1]).to(rows.dtype)
    let x = try Tensor.cat([first, rows], dim: 1) + positions
    return try before.map { try $0(x) } ?? x
  }

  /// The last block's `[N, T, W]` → `[N, D]`.
  private func pooled(_ x: Tensor) throws -> Tensor {
    let state = try after(x.select(dim: 1, index: 0))
    return try projection.map { try state.matmul($0) } ?? state
  }

  public var dimension: Int? { config.dimension }
  public var preprocessing: ImagePreprocessing? { config.preprocessing }
  public var signature: String? { "\(config)" }
}

extension VisionTransformer {
  static let specs: [ImageEncoderSpec] = [
    spec("vit-b-32", patch: 32, TransformerShape(width: 768, layers: 12, heads: 12), output: 512),
    spec("vit-b-16", patch: 16, TransformerShape(width: 768, layers: 12, heads: 12), output: 512),
    spec("vit-l-14", patch: 14, TransformerShape(width: 1024, layers: 24, heads: 16), output: 768),
  ]

  private static func spec(
    _ name: String, patch: Int, _ transformer: TransformerShape, output: Int
  ) -> ImageEncoderSpec {
    var config = VisionTransformerConfig()
    (config.patch, config.transformer, config.output) = (patch, transformer, output)
    let fixed = config
    return ImageEncoderSpec(
      name: name, summary: "CLIP's vision transformer of \(patch)-pixel patches; sizes follow the weight file",
      source: "Radford et al. 2021, Learning Transferable Visual Models From Natural Language Supervision (ICML)",
      dimension: fixed.dimension, preprocessing: fixed.preprocessing, ignored: ["heads."],
      build: { _, initial in try VisionTransformer(fixed, &initial) },
      fit: { weights, file, given, initial in
        let config = try ClipSizes.vision(weights?.tensors, file: file, config: given) ?? fixed
        return try VisionTransformer(config, &initial)
      },
      normalise: { tensors, file in NormalisedWeights(try ClipNames.vision(tensors, file: file)) })
  }
}
