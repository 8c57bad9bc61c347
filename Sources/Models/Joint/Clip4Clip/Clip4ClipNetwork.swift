import Basics
import Foundation
import Tensors
import Weights

/// A batch of clips: pixels 0…255 of their frames.
public struct ClipFrames: Sendable {
  /// uint8 `[N, F, 3, S, S]`.
  public let pixels: Tensor
  /// Frames in use of each clip, 1…F.
  public let lengths: [Int]

  public init(_ pixels: Tensor, lengths: [Int]) {
    (self.pixels, self.lengths) = (pixels, lengths)
  }
}

/// A batch of texts.
public struct ClipTexts: Sendable {
  /// int64 `[N, T]`, special tokens included.
  public let ids: Tensor
  /// Tokens of each text.
  public let lengths: [Int]

  public init(_ ids: Tensor, lengths: [Int]) {
    (self.ids, self.lengths) = (ids, lengths)
  }

  /// - Parameter padding: the id behind a text's end.
  public init(rows: [[Int]], padding: Int) throws {
    let time = rows.map(\.count).max() ?? 1
    let ids = rows.flatMap { row in
      row.map { Int64($0) } + [Int64](repeating: Int64(padding), count: time - row.count)
    }
    self.init(try Tensor(ids, shape: [rows.count, time]), lengths: rows.map(\.count))
  }
}

/// The text side of a ``Clip4ClipNetwork``.
public enum ClipTextSide {
  case clip(ClipTextNetwork)
  case multilingual(ProjectedBert)

  /// Length of a text's vector.
  public var dimension: Int {
    switch self {
    case .clip(let network): network.config.output
    case .multilingual(let network): network.dimension
    }
  }

  /// Most tokens of a text.
  public var maxTokens: Int {
    switch self {
    case .clip(let network): network.config.positions
    case .multilingual(let network): network.bert.config.maxTokens
    }
  }

  func chain(_ texts: ClipTexts) throws -> LayerChain {
    switch self {
    case .clip(let network): try network.chain(texts.ids)
    case .multilingual(let network): try network.chain(ids: texts.ids, lengths: texts.lengths)
    }
  }
}

/// CLIP's towers with a head over frames: texts and clips in one space, or scored pair by pair.
///
/// Parameter names as in CLIP4Clip's checkpoints: the towers under `clip.`, a text side that is not CLIP's under `text.`.
/// - Source: Luo et al. 2022 (CLIP4Clip); clipko2022 puts a multilingual text side in.
public final class Clip4ClipNetwork: Module {
  public let vision: VisionTransformer
  public let text: ClipTextSide
  public let kind: VideoHeadKind
  /// Products in bfloat16, the rest in float32, when set.
  public var isReduced = false
  private let head: VideoHead?
  private let tight: TightHead?
  /// Logarithm of what cosines are multiplied by.
  public let logitScale: Tensor
  private let mean, deviation: Tensor

  /// exp(logitScale) is held at or below this.
  public static let maximumScale = 100.0

  /// - Parameters:
  ///   - layers: of the heads that are transformers.
  ///   - positions: most frames (and one text) that a head reads.
  ///   - scale: the logit scale at the start.
  /// - Throws: ``IeumError`` (usage) when the towers end in spaces of different sizes.
  public init(
    vision: VisionTransformer, text: ClipTextSide, head kind: VideoHeadKind, layers: Int = 4, positions: Int = 77,
    scale: Double = 1 / 0.07, generator: inout SeededGenerator
  ) throws {
    let width = vision.config.dimension
    guard text.dimension == width else {
      throw IeumError(
        .usage, "the image tower ends in \(width) numbers, the text side in \(text.dimension)", place: "model",
        remedy: "use towers of one space")
    }
    (self.vision, self.text, self.kind) = (vision, text, kind)
    var shape = TransformerShape(width: width, layers: layers, heads: max(1, width / 64))
    shape.epsilon = VideoHead.epsilon
    tight = kind == .tight ? try TightHead(transformer: shape, positions: positions, generator: &generator) : nil
    head = kind == .tight
      ? nil : try VideoHead(kind, transformer: shape, positions: positions, generator: &generator)
    logitScale = try .full([], log(scale))
    let preprocessing = vision.config.preprocessing
    mean = try Tensor(preprocessing.mean.map { $0 * 255 }, shape: [1, 3, 1, 1])
    deviation = try Tensor(preprocessing.std.map { $0 * 255 }, shape: [1, 3, 1, 1])
    super.init()
    parameter("clip.logit_scale", logitScale)
    child("clip.visual", vision)
    switch text {
    case .clip(let network): child("clip", network)
    case .multilingual(let network): child("text", network)
    }
    // The head's parts under their own names, as in the published checkpoints.
    for (name, part) in (head?.namedChildren() ?? []) + (tight?.namedChildren() ?? []) { child(name, part) }
  }

  /// Starts the head from CLIP's text tower, where its sizes allow it.
  /// - Parameter tower: nil = the network's own.
  public func startHead(from tower: ClipTextNetwork? = nil) throws {
    var source = tower
    if source == nil, case .clip(let own) = text { source = own }
    guard let source else { return }
    _ = try head?.start(from: source)
    _ = try tight?.start(from: source)
  }

  /// Vectors of texts `[N, D]`, not normalised.
  public func textVectors(_ texts: ClipTexts) throws -> Tensor { try reduced { try text.chain(texts)() } }

  /// Vectors of frames `[N, F, D]`, not normalised; zeros behind a clip's length.
  public func frameVectors(_ frames: ClipFrames) throws -> Tensor {
    try spread(reduced { try vision.features(input(frames)) }.to(.float32), frames.lengths, frames.pixels.size(1))
  }

  /// Unit clip vectors `[N, D]` of frame vectors.
  /// - Throws: ``IeumError`` (usage) for a tight head, which has none.
  public func clipVectors(_ frames: Tensor, lengths: [Int]) throws -> Tensor {
    guard let head else {
      throw IeumError(.usage, "'tight' scores pairs and makes no clip vectors", place: "model.head")
    }
    // Always in float32: it costs little, and what is compared has to be of one type.
    return try head(frames, lengths: lengths)
  }

  /// Logits of all pairs `[Nt, Nv]` of text vectors and frame vectors.
  public func logits(
    text: Tensor, frames: Tensor, lengths: [Int], generator: inout SeededGenerator
  ) throws -> Tensor {
    if let tight {
      return try reduced { try tight.logits(text: text, frames: frames, lengths: lengths, generator: &generator) }
    }
    let rows = try text.to(.float32).l2Normalized(dim: 1)
    return try rows.matmul(clipVectors(frames, lengths: lengths).transposed(0, 1)) * logitScale.exp()
  }

  /// Adds to the towers' gradients what the gradients of their vectors make of them, a layer at a time.
  func backward(_ texts: ClipTexts, _ gradient: Tensor) throws {
    try text.chain(texts).backward(gradient, forward: reduced)
  }

  func backward(_ frames: ClipFrames, _ gradient: Tensor) throws {
    let rows = ClipRows.used(frames.lengths, of: try frames.pixels.size(1))
    let index = try Tensor(rows.map { Int64($0) }, shape: [rows.count]).to(gradient.device)
    let used = try gradient.flatten(from: 0, to: 1).indexSelect(dim: 0, index)
    try vision.chain(input(frames)).backward(used, forward: reduced)
  }

  /// Holds the logit scale in its range.
  public func clampScale() throws {
    try noGrad { try logitScale.assign(logitScale.clamp(max: log(Self.maximumScale))) }
  }

  /// The frames in use, `[M, 3, S, S]`, normalised.
  private func input(_ frames: ClipFrames) throws -> Tensor {
    let shape = try frames.pixels.sizes("[N, F, 3, S, S]", rank: 5, of: "the frames of clips")
    let rows = ClipRows.used(frames.lengths, of: shape[1])
    var flat = try frames.pixels.to(device).flatten(from: 0, to: 1)
    if rows.count < shape[0] * shape[1] {
      flat = try flat.indexSelect(dim: 0, Tensor(rows.map { Int64($0) }, shape: [rows.count]).to(flat.device))
    }
    let values = try flat.to(.float32)
    return try (values - mean.to(values.device)) / deviation.to(values.device)
  }

  /// `[M, D]` back to `[N, F, D]`.
  private func spread(_ vectors: Tensor, _ lengths: [Int], _ time: Int) throws -> Tensor {
    let (count, width) = (lengths.count, vectors.shape[1])
    if vectors.shape[0] == count * time { return try vectors.reshape([count, time, width]) }
    var next = 0
    let blank = Int64(vectors.shape[0])
    let places = lengths.flatMap { length in
      (0..<time).map { place -> Int64 in
        guard place < length else { return blank }
        defer { next += 1 }
        return Int64(next)
      }
    }
    let padded = try Tensor.cat([vectors, .zeros([1, width], device: vectors.device)], dim: 0)
    return try padded.indexSelect(dim: 0, Tensor(places, shape: [places.count]).to(vectors.device))
      .reshape([count, time, width])
  }

  private func reduced<Result>(_ body: () throws -> Result) throws -> Result {
    guard isReduced else { return try body() }
    return try TensorRuntime.autocast(.bfloat16, device: device, body)
  }
}

/// Rows of frames that are in use, when clips stand one after the other.
enum ClipRows {
  static func used(_ lengths: [Int], of time: Int) -> [Int] {
    lengths.enumerated().flatMap { clip, length in (0..<min(length, time)).map { clip * time + $0 } }
  }
}
