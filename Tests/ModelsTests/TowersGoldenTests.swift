import Basics
import Models
import Tensors
import Testing
import Weights

/// The text CNN, the temporal poolings and the head against torch.nn: scripts/golden/towers.py.
@Suite struct TowersGoldenTests {
  struct Stored: Decodable {
    let shape: [Int]
    let values: [Float]
  }

  struct Golden: Decodable {
    struct TextCNN: Decodable {
      let ids: [Int64]
      let shape: [Int]
      let kernels: [Int]
      let filters: Int
      let table: [Float]
      let weights: [String: Stored]
      let output: [Double]
    }

    struct Pooling: Decodable {
      let frames: [Float]
      let shape: [Int]
      let lengths: [Int]
      let weights: [String: [String: Stored]]
      let outputs: [String: [Double]]
    }

    struct Head: Decodable {
      let x: [Float]
      let shape: [Int]
      let weights: [String: Stored]
      let output: [Double]
    }

    let textCNN: TextCNN
    let pooling: Pooling
    let head: Head
  }

  static func golden() throws -> Golden { try EncoderFormula.golden("towers", as: Golden.self) }

  static func load(_ weights: [String: Stored], into module: Module) throws {
    let tensors = weights.map { RawTensor(name: $0.key, shape: $0.value.shape, floats: $0.value.values) }
    try module.load(tensors, file: "towers.json")
  }

  @Test func textCNN() throws {
    let golden = try Self.golden().textCNN
    var generator = SeededGenerator(seed: 1)
    let network = try TextCNN(
      vectors: golden.table, dimension: 6, kernels: golden.kernels, filters: golden.filters, generator: &generator)
    try Self.load(golden.weights, into: network)
    let output = try network.features(Tensor(golden.ids, shape: golden.shape))
    #expect(output.shape == [3, 12] && network.dimension == 12)
    #expect(mismatch(try output.doubles(), golden.output, 1e-5) == nil)
  }

  @Test(arguments: TemporalPooling.Kind.allCases) func pooling(_ kind: TemporalPooling.Kind) throws {
    let golden = try Self.golden().pooling
    var generator = SeededGenerator(seed: 1)
    let pooling = try TemporalPooling(kind, dimension: 8, generator: &generator)
    try Self.load(golden.weights[kind.rawValue] ?? [:], into: pooling)
    let output = try pooling(Tensor(golden.frames, shape: golden.shape), lengths: golden.lengths)
    #expect(output.shape == [3, 8])
    #expect(mismatch(try output.doubles(), golden.outputs[kind.rawValue] ?? [], 1e-5) == nil)
  }

  @Test func head() throws {
    let golden = try Self.golden().head
    var generator = SeededGenerator(seed: 1)
    let head = try ProjectionHead(6, hidden: 5, output: 3, layers: 2, dropout: 0.5, generator: &generator)
    try Self.load(golden.weights, into: head)
    head.train(false)
    let output = try head(Tensor(golden.x, shape: golden.shape), generator: &generator)
    #expect(mismatch(try output.doubles(), golden.output, 1e-5) == nil)
  }
}
