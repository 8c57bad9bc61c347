import Basics
import Models
import Tensors
import Testing

@Suite struct TowersTests {
  @Test func wordVectorsAreFrozenUnlessAskedFor() throws {
    var generator = SeededGenerator(seed: 1)
    let frozen = try TextCNN(
      vectors: [9, 9, 1, 2, 3, 4], dimension: 2, kernels: [2], filters: 3, generator: &generator)
    let trained = try TextCNN(
      vectors: [9, 9, 1, 2, 3, 4], dimension: 2, kernels: [2], filters: 3, trainWords: true, generator: &generator)
    #expect(frozen.namedParameters().map(\.0) == ["conv1.weight", "conv1.bias"])
    #expect(trained.namedParameters().map(\.0).contains("words.weight"))
    // The padding's row is zero whatever the table said.
    let table = try #require(frozen.namedBuffers().first { $0.0 == "words.weight" }?.1)
    #expect(try table.doubles() == [0, 0, 1, 2, 3, 4])
  }

  @Test func refusesSizesThatMakeNoNetwork() throws {
    var generator = SeededGenerator(seed: 1)
    #expect(throws: IeumError.self) {
      try TextCNN(vectors: [1, 2, 3], dimension: 2, kernels: [2], filters: 3, generator: &generator)
    }
    #expect(throws: IeumError.self) { try TextCNN.kernels("1,x") }
    #expect(try TextCNN.kernels("1, 3") == [1, 3])
    #expect(throws: IeumError.self) {
      try ProjectionHead(4, hidden: 2, output: 3, layers: 0, dropout: 0, generator: &generator)
    }
  }

  /// A row without frames gives zeros, and frames past the length change nothing.
  @Test(arguments: TemporalPooling.Kind.allCases) func unusedFramesDoNotCount(_ kind: TemporalPooling.Kind) throws {
    var generator = SeededGenerator(seed: 3)
    let pooling = try TemporalPooling(kind, dimension: 4, generator: &generator)
    let frames = try Tensor.normal([3, 5, 4], generator: &generator)
    let other = try Tensor.cat([frames.narrow(dim: 1, start: 0, length: 2), .full([3, 3, 4], 7)], dim: 1)
    let (a, b) = (try pooling(frames, lengths: [2, 1, 0]), try pooling(other, lengths: [2, 1, 0]))
    #expect(try a.doubles() == b.doubles())
    #expect(try a.select(dim: 0, index: 2).doubles() == [0, 0, 0, 0])
    #expect(try a.select(dim: 0, index: 0).doubles() != [0, 0, 0, 0])
    #expect(throws: IeumError.self) { try pooling(frames, lengths: [6, 1, 1]) }
    #expect(throws: IeumError.self) { try pooling(frames, lengths: [1]) }
  }

  @Test func framesOfAClipGoThroughTheSameNetwork() throws {
    var generator = SeededGenerator(seed: 5)
    let network = try ImageEncoderRegistry.named("resnet18").make(&generator)
    let trunk = ImageTrunk(network, dimension: 512)
    trunk.train(false)
    let pixels = try Tensor.normal([4, 3, 32, 32], generator: &generator)
    let flat = try trunk.features(pixels)
    let clips = try trunk.features(pixels.reshape([2, 2, 3, 32, 32]))
    #expect(clips.shape == [2, 2, 512])
    #expect(mismatch(try clips.doubles(), try flat.doubles(), 1e-5) == nil)
    #expect(throws: IeumError.self) { try trunk.features(Tensor.zeros([2, 3])) }
    let sound = try SpectrogramTrunk(network, dimension: 512)
    #expect(try sound.features(Tensor.normal([2, 1, 40, 33], generator: &generator)).shape == [2, 512])
    #expect(throws: IeumError.self) { try sound.features(Tensor.zeros([2, 3, 40, 33])) }
  }

  @Test func modelsSayWhatTheyNeed() throws {
    var generator = SeededGenerator(seed: 7)
    let stored: [Modality: any Trunk] = [.image: StoredTrunk(dimension: 6), .text: StoredTrunk(dimension: 4)]
    #expect(throws: IeumError.self) {
      try TowerModelRegistry.named("three-tower").make(trunks: stored, generator: &generator)
    }
    let dual = try TowerModelRegistry.named("dual-encoder").make(
      ["outputDimension": .int(8)], trunks: stored, generator: &generator)
    #expect(dual.modalities == [.text, .image] && dual.dimension == 8)
    #expect(dual.namedParameters().map(\.0).contains("image.head.fc1.weight"))
    #expect(!dual.namedParameters().map(\.0).contains("image.head.fc2.weight"))
    let rows = try dual.embed(.image, TowerInput(.ones([3, 6])), generator: &generator)
    let lengths = try rows.square().sum(dim: 1).doubles()
    #expect(rows.shape == [3, 8] && lengths.allSatisfy { isClose($0, 1, 1e-5) })
    #expect(throws: IeumError.self) { try dual.embed(.audio, TowerInput(.ones([3, 6])), generator: &generator) }
    #expect(throws: IeumError.self) { try TowerModelRegistry.named("three-towers") }
  }

  @Test func bf16IsNearF32() throws {
    var generator = SeededGenerator(seed: 9)
    let network = try TowerModelRegistry.named("dual-encoder").make(
      ["headLayers": .int(2), "hidden": .int(32), "outputDimension": .int(16)],
      trunks: [.text: StoredTrunk(dimension: 24)], generator: &generator)
    let input = TowerInput(try .normal([5, 24], generator: &generator))
    let full = try network.embed(.text, input, generator: &generator)
    network.computeType = .bfloat16
    let half = try network.embed(.text, input, generator: &generator)
    #expect(half.dtype == .float32)
    #expect(try half.doubles() != full.doubles())
    #expect(mismatch(try half.doubles(), try full.doubles(), 0.02) == nil)
  }

  /// Every sweep of embeddings gives the rows in order, whatever the size of the pieces and the workers.
  @Test func embeddingsDoNotDependOnPieces() throws {
    var generator = SeededGenerator(seed: 9)
    let network = try TowerModelRegistry.named("dual-encoder").make(
      ["outputDimension": .int(4)], trunks: [.text: StoredTrunk(dimension: 3)], generator: &generator)
    let rows = try Tensor.normal([11, 3], generator: &generator)
    func all(_ piece: Int, _ workers: Int) throws -> [Float] {
      try network.embedAll(.text, count: 11, piece: piece, workers: workers) { range in
        TowerInput(try rows.narrow(dim: 0, start: range.lowerBound, length: range.count))
      }
    }
    let whole = try all(11, 0)
    #expect(whole.count == 44)
    for (piece, workers) in [(3, 0), (2, 3), (100, 1)] {
      #expect(mismatch(try all(piece, workers).map(Double.init), whole.map(Double.init), 1e-6) == nil)
    }
  }
}
