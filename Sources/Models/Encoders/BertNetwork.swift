import Basics
import Tensors
import Weights

/// What one sentence's vector is made of.
public enum BertPooling: String, Sendable, CaseIterable {
  /// Mean over all tokens of the sentence, `[CLS]` and `[SEP]` included.
  case mean
  /// Last hidden state of the first token, `[CLS]`.
  case cls
}

/// A BERT encoder with Hugging Face's parameter names (no `bert.` prefix, no pooler); by its config also a
/// DistilBERT or an (XLM-)RoBERTa.
/// - Source: Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding".
public final class BertNetwork: Module, TransformerNetwork {
  public let config: BertConfig
  public let pooling: BertPooling
  private let words: Kernel, positions: Kernel, types: Kernel?
  private let normalisation: LayerNorm
  private let layers: [BertLayer]

  /// BERT draws its matrices and embeddings with this deviation; biases start at zero.
  static let deviation = 0.02

  /// A network with random weights.
  public convenience init(_ config: BertConfig, pooling: BertPooling, generator: inout SeededGenerator) throws {
    var initial = InitialWeights(generator: generator)
    try self.init(config, pooling: pooling, initial: &initial)
    generator = initial.generator ?? generator
  }

  init(_ config: BertConfig, pooling: BertPooling, initial: inout InitialWeights) throws {
    self.config = config
    self.pooling = pooling
    let width = config.hiddenSize
    words = try Kernel([config.vocabularySize, width], std: Self.deviation, &initial)
    positions = try Kernel([config.maxPositions, width], std: Self.deviation, &initial)
    let types = config.typeVocabularySize
    self.types = types == 0 ? nil : try Kernel([types, width], std: Self.deviation, &initial)
    normalisation = try LayerNorm(width, eps: config.layerNormEpsilon)
    var layers: [BertLayer] = []
    for _ in 0..<config.layers { layers.append(try BertLayer(config, &initial)) }
    self.layers = layers
    super.init()
    child("embeddings.word_embeddings", words)
    child("embeddings.position_embeddings", positions)
    if let types = self.types { child("embeddings.token_type_embeddings", types) }
    child("embeddings.LayerNorm", normalisation)
    for (index, layer) in layers.enumerated() { child("encoder.layer.\(index)", layer) }
  }

  /// One vector per sentence.
  /// - Parameters:
  ///   - ids: int64 `[N, T]`; what stands behind a sentence's length is never looked at.
  ///   - lengths: tokens of each sentence, 1…T.
  /// - Returns: `[N, H]`, not normalised.
  public func features(ids: Tensor, lengths: [Int]) throws -> Tensor { try chain(ids: ids, lengths: lengths)() }

  /// The same, layer by layer.
  public func chain(ids: Tensor, lengths: [Int]) throws -> LayerChain {
    let padding = try paddingMask(ids: ids, lengths: lengths)
    return LayerChain(
      start: { try self.embedded(ids) }, layers: layers.map { layer in { try layer($0, padding: padding) } },
      end: { try self.pooled($0, lengths: lengths) })
  }

  func compiledLayers(_ precision: InferencePrecision) throws -> TransformerStack {
    try TransformerStack(
      .init(
        width: config.hiddenSize, heads: config.heads, hidden: config.intermediateSize,
        activation: config.activation.compiled, normalisesFirst: false, epsilon: config.layerNormEpsilon),
      layers: layers.map(\.compiled), precision: precision)
  }

  private func pooled(_ hidden: Tensor, lengths: [Int]) throws -> Tensor {
    guard pooling == .mean else { return try hidden.select(dim: 1, index: 0) }
    let (count, time) = (hidden.shape[0], hidden.shape[1])
    let weights = lengths.flatMap { length in (0..<time).map { $0 < length ? 1 / Float(length) : 0 } }
    let mask = try Tensor(weights, shape: [count, 1, time]).to(hidden.device)
    return try mask.matmul(hidden).squeeze(1)
  }

  /// One vector per sentence, its length told by the padding behind its last token.
  /// - Parameter ids: int64 `[N, T]`.
  public func features(padded ids: Tensor) throws -> Tensor {
    let time = ids.shape[1]
    let values = try ids.int64s()
    let lengths = (0..<ids.shape[0]).map { row in
      (0..<time).last { values[row * time + $0] != Int64(config.padTokenID) }.map { $0 + 1 } ?? 1
    }
    return try features(ids: ids, lengths: lengths)
  }

  /// The network with the weights of a file, strictly loaded (``BertNames``).
  /// - Throws: ``IeumError`` (data) listing missing, unknown and wrongly shaped tensors.
  public static func load(_ file: WeightFile, config: BertConfig, pooling: BertPooling) throws -> BertNetwork {
    var blank = InitialWeights(generator: nil)
    let network = try BertNetwork(config, pooling: pooling, initial: &blank)
    try network.load(BertNames.normalised(file.tensors), file: file.path)
    return network
  }

  /// The last layer's hidden states `[N, T, H]`; rows behind a sentence's length mean nothing.
  public func hiddenStates(ids: Tensor, lengths: [Int]) throws -> Tensor {
    let padding = try paddingMask(ids: ids, lengths: lengths)
    var x = try embedded(ids)
    for layer in layers { x = try layer(x, padding: padding) }
    return x
  }

  private func embedded(_ ids: Tensor) throws -> Tensor {
    let places = try positions.weight.narrow(dim: 0, start: config.firstPosition, length: ids.shape[1])
    var x = try words.weight.embedding(ids) + places
    if let types { x = try x + types.weight.narrow(dim: 0, start: 0, length: 1) }
    return try normalisation(x)
  }

  /// Bool `[N, 1, 1, T]`, true where there is no token.
  private func paddingMask(ids: Tensor, lengths: [Int]) throws -> Tensor {
    guard ids.rank == 2, ids.shape[0] == lengths.count, ids.shape[1] <= config.maxTokens,
      lengths.allSatisfy({ 1...max(1, ids.shape[1]) ~= $0 })
    else {
      throw IeumError(
        .data, "ids of shape \(ids.shape) with \(lengths.count) lengths do not fit a BERT of \(config.maxTokens) positions",
        remedy: "give [N, T] ids with one length of 1…T per row")
    }
    let time = ids.shape[1]
    let padding = lengths.flatMap { length in (0..<time).map { $0 >= length } }
    return try Tensor(padding, shape: [lengths.count, 1, 1, time]).to(device)
  }
}

/// Self-attention and a two-layer perceptron, each followed by addition and layer normalisation.
final class BertLayer: Module {
  private let heads: Int
  private let activation: TransformerActivation
  private let query: Kernel, key: Kernel, value: Kernel, attended: Kernel, up: Kernel, down: Kernel
  private let attentionNorm: LayerNorm, outputNorm: LayerNorm

  init(_ config: BertConfig, _ initial: inout InitialWeights) throws {
    heads = config.heads
    activation = config.activation
    let width = config.hiddenSize
    func dense(_ output: Int, _ input: Int) throws -> Kernel {
      try Kernel([output, input], std: BertNetwork.deviation, hasBias: true, &initial)
    }
    query = try dense(width, width)
    key = try dense(width, width)
    value = try dense(width, width)
    attended = try dense(width, width)
    up = try dense(config.intermediateSize, width)
    down = try dense(width, config.intermediateSize)
    attentionNorm = try LayerNorm(width, eps: config.layerNormEpsilon)
    outputNorm = try LayerNorm(width, eps: config.layerNormEpsilon)
    super.init()
    child("attention.self.query", query)
    child("attention.self.key", key)
    child("attention.self.value", value)
    child("attention.output.dense", attended)
    child("attention.output.LayerNorm", attentionNorm)
    child("intermediate.dense", up)
    child("output.dense", down)
    child("output.LayerNorm", outputNorm)
  }

  /// - Parameters:
  ///   - x: `[N, T, H]`.
  ///   - padding: bool `[N, 1, 1, T]`, true where there is no token.
  func callAsFunction(_ x: Tensor, padding: Tensor) throws -> Tensor {
    let attention = try attend(x, padding: padding)
    let middle = try attentionNorm(x + attention.linear(attended.weight, attended.bias))
    let wide = try activation(middle.linear(up.weight, up.bias))
    return try outputNorm(middle + wide.linear(down.weight, down.bias))
  }

  var compiled: TransformerStack.Layer {
    .init(
      attention: .init([query, key, value].map { ($0.weight, $0.bias) }), output: attended.linear, up: up.linear,
      down: down.linear, attentionNorm: attentionNorm, perceptronNorm: outputNorm)
  }

  private func attend(_ x: Tensor, padding: Tensor) throws -> Tensor {
    let (count, time, width) = (x.shape[0], x.shape[1], x.shape[2])
    let size = width / heads
    func split(_ map: Kernel) throws -> Tensor {
      try x.linear(map.weight, map.bias).reshape([count, time, heads, size]).permute([0, 2, 1, 3])
    }
    let scores = try split(query).matmul(split(key).transposed(2, 3)) / Double(size).squareRoot()
    // Far below every score, yet finite: the exponential is exactly zero, so padding cannot reach a row.
    let weights = try scores.maskedFill(padding, -1e30).softmax(dim: 3)
    return try weights.matmul(split(value)).permute([0, 2, 1, 3]).reshape([count, time, width])
  }
}
