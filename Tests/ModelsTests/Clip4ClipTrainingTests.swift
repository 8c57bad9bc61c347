import Basics
import Foundation
import Models
import Tensors
import Testing
import Weights

/// The whole of CLIP4Clip in small: colours as clips, words as texts.
@Suite struct Clip4ClipTrainingTests {
  static func network(_ kind: VideoHeadKind, seed: UInt64 = 3) throws -> Clip4ClipNetwork {
    var generator = SeededGenerator(seed: seed)
    var vision = VisionTransformerConfig()
    (vision.side, vision.patch, vision.output) = (8, 4, 64)
    vision.transformer = TransformerShape(width: 64, layers: 2, heads: 1)
    var text = ClipTextConfig()
    (text.vocabulary, text.positions, text.output) = (16, 9, 64)
    text.transformer = TransformerShape(width: 64, layers: 2, heads: 1)
    return try Clip4ClipNetwork(
      vision: VisionTransformer(vision, generator: &generator), text: .clip(ClipTextNetwork(text, generator: &generator)),
      head: kind, layers: 1, positions: 9, generator: &generator)
  }

  /// Pair i: one to three frames of colour i, and the text `start i end`.
  static let source = ClipSource(count: 12) { rows, seed in
    let time = 3
    var pixels = [UInt8](repeating: 0, count: rows.count * time * 3 * 64)
    var noise = SeededGenerator(seed: seed)
    let lengths = rows.map { 1 + $0 % time }
    for (place, row) in rows.enumerated() {
      for frame in 0..<lengths[place] {
        for channel in 0..<3 {
          let level = (row >> (2 * (channel % 2)) & 3) * 60 + channel * 20 + row
          for pixel in 0..<64 {
            pixels[((place * time + frame) * 3 + channel) * 64 + pixel] = UInt8(min(255, level + Int(noise.next() % 8)))
          }
        }
      }
    }
    return ClipSource.Batch(
      frames: ClipFrames(try Tensor(pixels, shape: [rows.count, time, 3, 8, 8]), lengths: lengths),
      texts: try ClipTexts(rows: rows.map { [14, $0, 15] }, padding: 0), groups: rows)
  }

  static func recipe(epochs: Int) -> ClipRecipe {
    var recipe = ClipRecipe()
    (recipe.epochs, recipe.batchSize, recipe.learningRate, recipe.towerFactor) = (epochs, 6, 0.002, 1)
    recipe.workers = 0
    return recipe
  }

  private static func gradients(
    _ kind: VideoHeadKind, micro: Int, checkpointing: Bool, reduced: Bool = false
  ) throws -> (loss: Double, gradients: [String: [Float]]) {
    let network = try network(kind)
    network.isReduced = reduced
    network.train(false)  // dropout would be drawn for other pairs
    let batch = try source.make(Array(0..<10), 1)
    var generator = SeededGenerator(seed: 5)
    let loss = try ClipStep(network: network, microBatch: micro, checkpointing: checkpointing)
      .gradients(batch.frames, batch.texts, groups: batch.groups, generator: &generator).item()
    let gradients = try network.namedParameters().map { ($0.0, try $0.1.grad?.floats() ?? []) }
    return (loss, Dictionary(uniqueKeysWithValues: gradients))
  }

  /// Taken apart and put together again, a batch gives the gradients it gives as a whole.
  @Test(arguments: VideoHeadKind.allCases)
  func cachedNegativesGiveTheWholeBatchsGradients(kind: VideoHeadKind) throws {
    let whole = try Self.gradients(kind, micro: 0, checkpointing: false)
    #expect(whole.gradients["clip.visual.conv1.weight"]?.isEmpty == false)
    for (micro, checkpointing) in [(3, false), (4, true), (0, true)] {
      let parts = try Self.gradients(kind, micro: micro, checkpointing: checkpointing)
      #expect(abs(parts.loss - whole.loss) < 1e-5)
      for (name, wanted) in whole.gradients {
        let scale = wanted.map(abs).max() ?? 0
        let found = try #require(parts.gradients[name])
        #expect(found.count == wanted.count, "\(name)")
        let worst = zip(found, wanted).map { abs($0 - $1) }.max() ?? 0
        #expect(worst <= 2e-4 * scale + 1e-6, "\(name): \(worst) of \(scale), pieces of \(micro)")
      }
    }
  }

  /// The length of `a` − `b`.
  private static func distance(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0.0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }.squareRoot()
  }

  /// In bf16, too, where every product is rounded to 2⁻⁸ of itself and pieces are rounded in another order. What that may
  /// do is measured, not guessed: it is how far the whole bf16 batch's gradients lie from float32's (2 to 4 %). The pieces'
  /// lie no farther from float32's than half as much again, and from the whole bf16 batch's no farther than two such errors.
  @Test(arguments: VideoHeadKind.allCases)
  func cachedNegativesAgreeInReducedPrecision(kind: VideoHeadKind) throws {
    let exact = try Self.gradients(kind, micro: 0, checkpointing: false)
    let whole = try Self.gradients(kind, micro: 0, checkpointing: false, reduced: true)
    func all(_ gradients: [String: [Float]]) -> [Float] { gradients.sorted { $0.key < $1.key }.flatMap(\.value) }
    func length(_ values: [Float]) -> Double { Self.distance(values, [Float](repeating: 0, count: values.count)) }
    let rounding = Self.distance(all(whole.gradients), all(exact.gradients))
    let size = length(all(exact.gradients))
    #expect(rounding > 1e-3 * size && rounding < 0.05 * size, "\(rounding / size)")
    for (micro, checkpointing) in [(3, false), (4, true), (0, true)] {
      let parts = try Self.gradients(kind, micro: micro, checkpointing: checkpointing, reduced: true)
      #expect(abs(parts.loss - whole.loss) < 0.01 * whole.loss, "\(parts.loss) \(whole.loss)")
      #expect(Self.distance(all(parts.gradients), all(exact.gradients)) < 1.5 * rounding, "pieces of \(micro)")
      #expect(Self.distance(all(parts.gradients), all(whole.gradients)) < 2 * rounding, "pieces of \(micro)")
      for (name, wanted) in whole.gradients {
        let found = try #require(parts.gradients[name])
        #expect(found.count == wanted.count, "\(name)")
        let own = Self.distance(wanted, exact.gradients[name] ?? [])
        #expect(Self.distance(found, wanted) <= 3 * own + 0.01 * length(wanted), "\(name), pieces of \(micro)")
      }
    }
  }

  @Test func piecesTrainAsWholeBatchesInReducedPrecision() throws {
    func losses(_ micro: Int, _ precision: TrainerConfiguration.Precision) throws -> [Double] {
      var recipe = Self.recipe(epochs: 4)
      (recipe.microBatch, recipe.precision) = (micro, precision)
      return try ClipTrainer(network: Self.network(.meanP), source: Self.source, recipe: recipe) { _ in 1 }
        .run().map(\.trainLoss)
    }
    let (whole, pieces, exact) = (try losses(0, .bf16), try losses(4, .bf16), try losses(0, .f32))
    #expect(whole != exact)
    for (found, wanted) in zip(pieces, whole) { #expect(abs(found - wanted) < 0.02 * wanted, "\(pieces) \(whole)") }
  }

  @Test func trainingFindsThePairs() throws {
    let network = try Self.network(.meanP)
    let trainer = try ClipTrainer(network: network, source: Self.source, recipe: Self.recipe(epochs: 40)) { network in
      let batch = try Self.source.make(Array(0..<12), 9)
      var unused = SeededGenerator(seed: 0)
      return try noGrad {
        let logits = try network.logits(
          text: network.textVectors(batch.texts), frames: network.frameVectors(batch.frames),
          lengths: batch.frames.lengths, generator: &unused)
        let found = try logits.argmax(dim: 1).int64s()
        return Double(found.enumerated().filter { $0.offset == Int($0.element) }.count) / 12
      }
    }
    let history = try trainer.run()
    #expect(history[0].trainLoss > 1)
    #expect((history.last?.trainLoss ?? 9) < 0.3)
    #expect((trainer.bestRecord?.score ?? 0) > 0.9)
    // ln 100 is the ceiling, and the scale has moved from where it was.
    #expect(try network.logitScale.item() <= log(100) + 1e-6)
    #expect(abs(try network.logitScale.item() - log(1 / 0.07)) > 1e-4)
  }

  @Test func aResumedRunEndsAsTheUndisturbedOne() throws {
    func trainer(epochs: Int) throws -> ClipTrainer {
      try ClipTrainer(network: Self.network(.seqTransf), source: Self.source, recipe: Self.recipe(epochs: epochs)) { _ in 1 }
    }
    struct Interruption: Error {}
    let whole = try trainer(epochs: 3)
    try whole.run()
    let first = try trainer(epochs: 3)
    var saved: TrainerState?
    #expect(throws: Interruption.self) {
      try first.run { _ in
        saved = try first.state()
        throw Interruption()
      }
    }
    let second = try trainer(epochs: 3)
    try second.restore(try #require(saved))
    try second.run()
    #expect(second.history.map(\.trainLoss) == whole.history.map(\.trainLoss))
    let other = try ClipTrainer(
      network: Self.network(.seqTransf), source: Self.source, recipe: Self.recipe(epochs: 4)) { _ in 1 }
    #expect(throws: IeumError.self) { try other.restore(try #require(saved)) }
  }

  @Test func frozenParametersStayAndReducedPrecisionIsClose() throws {
    func run(_ precision: TrainerConfiguration.Precision) throws -> (Clip4ClipNetwork, Double) {
      let network = try Self.network(.meanP)
      var recipe = Self.recipe(epochs: 1)
      recipe.frozen = ClipRecipe.publishedFrozen
      recipe.precision = precision
      let trainer = try ClipTrainer(network: network, source: Self.source, recipe: recipe) { _ in 1 }
      return (network, try trainer.run()[0].trainLoss)
    }
    let before = Dictionary(try Self.network(.meanP).state().map { ($0.name, $0.bytes) }, uniquingKeysWith: { $1 })
    let (network, loss) = try run(.f32)
    for tensor in try network.state() {
      let isFrozen = ClipRecipe.publishedFrozen.contains { tensor.name.dropFirst("clip.".count).hasPrefix($0) }
      #expect((tensor.bytes == before[tensor.name]) == isFrozen, "\(tensor.name)")
    }
    let reduced = try run(.bf16).1
    #expect(reduced != loss && abs(reduced - loss) < 0.05 * loss)
  }

  /// A checkpoint is a weight file for both towers.
  @Test func checkpointsAreReadAsTowers() throws {
    let folder = try ScratchFolder()
    let network = try Self.network(.seqTransf)
    let path = folder.file("checkpoint.safetensors")
    try Safetensors.write(network.state(), metadata: [:], to: path)
    let file = try WeightFile.read(path)
    let batch = try Self.source.make([0, 1], 1)
    let texts = try ClipTextEncoder.load(weights: path).encode(ids: [[14, 0, 15], [14, 1, 15]])
    #expect(try zip(texts, network.textVectors(batch.texts).floats()).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(try ClipTowers.vision(file).config == network.vision.config)
    #expect(abs(try #require(try ClipTowers.logitScale(file)) - log(1 / 0.07)) < 1e-5)
  }
}
