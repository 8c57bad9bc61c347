import Basics
import Foundation
import Tensors
import Weights

/// A multilingual BERT whose mean state is mapped into an image tower's space: text in any language, one vector.
///
/// Parameters: the BERT's own under `bert.`, `projection.weight [D, H]` and perhaps `projection.bias [D]`.
/// - Source: Reimers & Gurevych 2020, "Making Monolingual Sentence Embeddings Multilingual using Knowledge
///   Distillation"; Carlsson et al. 2022, "Cross-lingual and Multilingual CLIP".
public final class ProjectedBert: Module, TransformerNetwork {
  public let bert: BertNetwork
  public let dimension: Int
  private let projection: Kernel

  public convenience init(
    _ config: BertConfig, dimension: Int, hasBias: Bool = false, generator: inout SeededGenerator
  ) throws {
    var initial = InitialWeights(generator: generator)
    try self.init(config, dimension: dimension, hasBias: hasBias, &initial)
    generator = initial.generator ?? generator
  }

  init(_ config: BertConfig, dimension: Int, hasBias: Bool, _ initial: inout InitialWeights) throws {
    bert = try BertNetwork(config, pooling: .mean, initial: &initial)
    self.dimension = dimension
    let std = 1 / Double(config.hiddenSize).squareRoot()
    projection = try Kernel([dimension, config.hiddenSize], std: std, hasBias: hasBias, &initial)
    super.init()
    child("bert", bert)
    child("projection", projection)
  }

  /// One vector per sentence, `[N, D]`, not normalised.
  /// - Parameters:
  ///   - ids: int64 `[N, T]`; what stands behind a sentence's length is never looked at.
  ///   - lengths: tokens of each sentence, 1…T.
  public func features(ids: Tensor, lengths: [Int]) throws -> Tensor { try chain(ids: ids, lengths: lengths)() }

  /// The same, layer by layer.
  public func chain(ids: Tensor, lengths: [Int]) throws -> LayerChain {
    let inner = try bert.chain(ids: ids, lengths: lengths)
    return LayerChain(start: inner.start, layers: inner.layers) { x in
      try inner.end(x).linear(self.projection.weight, self.projection.bias)
    }
  }
}

extension ProjectedBert {
  func compiledLayers(_ precision: InferencePrecision) throws -> TransformerStack {
    try bert.compiledLayers(precision)
  }
}

/// A frozen ``ProjectedBert``.
///
/// Not safe for use from several threads at once.
public final class MultilingualClipEncoder {
  /// SHA-256 over weights, config and code version.
  public let digest: String
  public var batchSize = 32
  public var dimension: Int { network.dimension }
  public let maxTokens: Int
  public let config: BertConfig

  public var slowdown: String? { layers.slowdown }

  private let network: ProjectedBert
  private let layers: FrozenLayers
  private static let codeVersion = 1

  /// Loads a model strictly (``ClipTowers/multilingual(_:config:)``).
  /// - Throws: ``IeumError`` (data) listing missing, unknown and wrongly shaped tensors.
  public init(
    weights path: String, config: String, device: Device = .cpu, precision: InferencePrecision = .f32
  ) throws {
    let file = try WeightFile.read(path)
    let (network, origin) = try ClipTowers.multilingual(file, config: config)
    self.network = network
    self.config = network.bert.config
    maxTokens = self.config.maxTokens
    let parts = ["clip-multilingual", "code:\(Self.codeVersion)", origin, "\(self.config)"]
    digest = Digest.of((parts + precision.digestParts).joined(separator: "\n"))
    network.train(false)
    try network.to(device)
    layers = FrozenLayers(network, owner: "clip-multilingual", device: device, precision: precision)
  }

  /// Vectors of tokenised sentences, `[ids.count, dimension]` row-major, not normalised.
  /// - Throws: as ``BertEncoder/encode(ids:)``.
  public func encode(ids: [[Int]]) throws -> [Float] {
    let batches = SentenceBatches(
      owner: "clip-multilingual", vocabulary: config.vocabularySize, maxTokens: maxTokens, dimension: dimension,
      paddingID: config.padTokenID, size: batchSize)
    return try batches.encode(ids) { batch in
      let ids = try Tensor(batch.ids, shape: [batch.lengths.count, batch.time])
      return try layers({ try network.chain(ids: ids, lengths: batch.lengths) }, lengths: batch.lengths)
        .floats()
    }
  }
}

/// Where the transformer and its projection lie in the published files.
enum MultilingualClipNames {
  struct Parts {
    let bert: [RawTensor]
    /// `weight` and perhaps `bias`.
    let projection: [RawTensor]
    /// Of the files that were read.
    let digest: String
  }

  /// Files that may hold sentence-transformers' dense layer.
  private static let denseFiles = ["2_Dense/model.safetensors", "2_Dense/pytorch_model.bin"]

  static func parts(_ file: WeightFile) throws -> Parts {
    // A checkpoint of a trained text side beside an image tower.
    let side = file.tensors.compactMap { tensor in tensor.name.removing("text.").map { tensor.renamed($0) } }
    if side.contains(where: { $0.name == "projection.weight" }) { return split(side, "projection.", digest: file.digest) }
    if file.tensors.contains(where: { $0.name.hasPrefix("LinearTransformation.") }) {
      let transformer = TensorNaming.renaming(file.tensors) { $0.removing("transformer.") }
      return split(transformer, "LinearTransformation.", digest: file.digest)
    }
    if file.tensors.contains(where: { $0.name == "projection.weight" }) {
      return split(file.tensors, "projection.", digest: file.digest)
    }
    let folder = (file.path as NSString).deletingLastPathComponent
    let candidates = denseFiles.map { folder + "/" + $0 }
    guard let path = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      throw noProjection(file.path)
    }
    let dense = try WeightFile.read(path)
    return Parts(
      bert: BertNames.normalised(file.tensors),
      projection: TensorNaming.renaming(dense.tensors) { $0.removing("linear.") }, digest: file.digest + dense.digest)
  }

  private static func split(_ tensors: [RawTensor], _ prefix: String, digest: String) -> Parts {
    let projection = tensors.compactMap { tensor in tensor.name.removing(prefix).map { tensor.renamed($0) } }
    let rest = tensors.filter { !$0.name.hasPrefix(prefix) }
    return Parts(bert: BertNames.normalised(rest), projection: projection, digest: digest)
  }

  static func noProjection(_ path: String) -> IeumError {
    IeumError(
      .data, "holds no projection into CLIP's space", file: path,
      remedy: "put sentence-transformers' 2_Dense folder beside it, or give M-CLIP's weights")
  }
}
