import Basics
import Foundation
import Models
import Tensors
import Testing
import Weights

/// Compiled transformer layers against libtorch's operators.
struct EncodersLayersTests {
  private func save(_ network: Module, _ folder: ScratchFolder) throws -> String {
    let path = folder.file("weights.safetensors")
    try Safetensors.write(network.state(), metadata: [:], to: path)
    return path
  }

  private func worst(_ a: [Float], _ b: [Float]) -> Float {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
  }

  private func cosine(_ a: [Float], _ b: [Float]) -> Double {
    var (product, left, right) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      product += Double(x) * Double(y)
      left += Double(x) * Double(x)
      right += Double(y) * Double(y)
    }
    return product / (left * right).squareRoot()
  }

  /// Sentences of 1 to `most` tokens.
  private func sentences(_ count: Int, most: Int, vocabulary: Int, end: Int? = nil) -> [[Int]] {
    var generator = SeededGenerator(seed: 3)
    return (0..<count).map { row in
      let length = 1 + (row * 7) % most
      var ids = (0..<length).map { _ in Int(generator.next() % UInt64(vocabulary - 1)) }
      if let end { ids[length - 1] = end }
      return ids
    }
  }

  /// A width that is no multiple of the vectors, heads of 10, a perceptron of an odd width.
  @Test(arguments: BertPooling.allCases, ["gelu", "gelu_new", "relu"])
  func bertAgreesWithOperators(pooling: BertPooling, activation: String) throws {
    let folder = try ScratchFolder()
    var config = BertConfig()
    (config.hiddenSize, config.layers, config.heads, config.intermediateSize) = (30, 3, 3, 70)
    (config.vocabularySize, config.maxPositions) = (50, 48)
    config.activation = try #require(TransformerActivation(rawValue: activation))
    var generator = SeededGenerator(seed: 1)
    let network = try BertNetwork(config, pooling: pooling, generator: &generator)
    for (name, tensor) in network.namedParameters() where name.hasSuffix("weight") && tensor.rank == 2 {
      try tensor.assign(tensor * 10)
    }
    let weights = try save(network, folder)
    let json = folder.file("config.json")
    try AtomicFile.write(
      "{\"hidden_size\": 30, \"num_hidden_layers\": 3, \"num_attention_heads\": 3, \"intermediate_size\": 70,"
        + "\"vocab_size\": 50, \"max_position_embeddings\": 48, \"hidden_act\": \"\(activation)\"}", to: json)
    let compiled = try BertEncoder.load(weights: weights, config: json, pooling: pooling)
    let operators = try BertEncoder.load(weights: weights, config: json, pooling: pooling, compiled: false)
    #expect(compiled.slowdown == nil)
    #expect(compiled.digest == operators.digest)
    for count in [1, 5, 70] {
      let ids = sentences(count, most: 48, vocabulary: 50)
      let (own, expected) = (try compiled.encode(ids: ids), try operators.encode(ids: ids))
      #expect(worst(own, expected) < 1e-4, "\(count) sentences: \(worst(own, expected))")
      #expect(try compiled.encode(ids: ids) == own)
    }
    #expect(try compiled.encode(ids: []).isEmpty)
    guard TensorRuntime.convolvesInBF16 else { return }
    let half = try BertEncoder.load(weights: weights, config: json, pooling: pooling, precision: .bf16)
    #expect(half.slowdown == nil)
    #expect(half.digest != compiled.digest)
    let ids = sentences(9, most: 48, vocabulary: 50)
    #expect(cosine(try half.encode(ids: ids), try compiled.encode(ids: ids)) > 0.999)
  }

  @Test func clipTextAgreesWithOperators() throws {
    let folder = try ScratchFolder()
    var config = ClipTextConfig()
    config.vocabulary = 60
    config.positions = 20
    config.transformer = TransformerShape(width: 64, layers: 2, heads: 1)
    config.output = 24
    var generator = SeededGenerator(seed: 1)
    let network = try ClipTextNetwork(config, generator: &generator)
    let encoder = try ClipTextEncoder.load(weights: try save(network, folder))
    #expect(encoder.slowdown == nil)
    let ids = sentences(11, most: 20, vocabulary: 58, end: 59)
    let own = try encoder.encode(ids: ids)
    for (row, tokens) in ids.enumerated() {
      let expected = try noGrad { try network.features(Tensor(tokens, shape: [1, tokens.count])).floats() }
      #expect(worst(Array(own[row * 24..<(row + 1) * 24]), expected) < 1e-4)
    }
  }

  @Test func visionTransformerAgreesWithOperators() throws {
    let folder = try ScratchFolder()
    let json = folder.file("config.json")
    try AtomicFile.write(
      "{\"vision_config\": {\"hidden_size\": 64, \"num_hidden_layers\": 2, \"num_attention_heads\": 2,"
        + "\"intermediate_size\": 128, \"image_size\": 32, \"patch_size\": 8}, \"projection_dim\": 20}", to: json)
    let spec = try ImageEncoderRegistry.named("vit-b-32")
    let compiled = try ImageEncoder.load(spec, config: json, seed: 4)
    let operators = try ImageEncoder.load(spec, config: json, seed: 4, compiled: false)
    #expect(compiled.slowdown == nil)
    let pixels = EncoderFormula.hashed("vit", 5 * 3 * 32 * 32).map { Float($0) }
    let (own, expected) = (try compiled.encode(pixels: pixels, count: 5), try operators.encode(pixels: pixels, count: 5))
    #expect(own.count == 5 * 20)
    #expect(worst(own, expected) < 1e-4)
  }
}
