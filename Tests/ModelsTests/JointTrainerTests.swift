import Basics
import Models
import Tensors
import Testing
import Weights

@Suite struct JointTrainerTests {
  /// Items of four classes; text and image are the class's corner plus noise.
  static func split(perClass: Int, seed: UInt64) throws -> JointSplit {
    var generator = SeededGenerator(seed: seed)
    let classes = (0..<4 * perClass).map { $0 % 4 }
    func features(_ width: Int) throws -> Tensor {
      let values = classes.flatMap { label in
        (0..<width).map { Float(($0 % 4 == label ? 1 : 0) + 0.4 * normal(&generator)) }
      }
      return try Tensor(values, shape: [classes.count, width])
    }
    let relevant = classes.indices.map { i in classes.indices.filter { $0 != i && classes[$0] == classes[i] }
    }
    return try JointSplit(text: features(8), image: features(12), relevant: relevant, name: "synthetic")
  }

  static func configuration(_ change: (inout TrainerConfiguration) -> Void = { _ in }) -> TrainerConfiguration
  {
    var configuration = TrainerConfiguration()
    configuration.epochs = 6
    configuration.batchSize = 16
    configuration.learningRate = 0.01
    configuration.seed = 4
    change(&configuration)
    return configuration
  }

  static func trainer(_ configuration: TrainerConfiguration, model name: String = "text-image") throws
    -> JointTrainer
  {
    var generator = SeededGenerator(seed: configuration.seed, purpose: "init")
    var settings: [String: Scalar] = ["outputDimension": .int(16)]
    if name == "text-image" { settings.merge(["kernels": .string("4,3"), "widths": .string("4,6")]) { $1 } }
    let model = try JointModelRegistry.named(name).make(
      settings, inputs: .init(text: 8, image: 12), generator: &generator)
    return try JointTrainer(
      model: model, train: split(perClass: 12, seed: 1), validation: split(perClass: 5, seed: 2),
      configuration: configuration)
  }

  static func bytes(_ tensors: [RawTensor]) -> [[UInt8]] { tensors.map(\.bytes) }

  @Test(arguments: LossRegistry.all.map(\.name)) func everyLossFallsOnSeparableItems(_ name: String) throws {
    let trainer = try Self.trainer(
      Self.configuration {
        $0.loss = name
        $0.epochs = 12
      }, model: "projection")
    let history = try trainer.run()
    let first = try #require(history.first?.validationLoss)
    let best = try #require(trainer.bestRecord?.validationLoss)
    #expect(best < first - 0.05 * abs(first), "\(history.map(\.validationLoss))")
  }

  @Test func itemsEndUpBesideTheirClass() throws {
    let trainer = try Self.trainer(Self.configuration { $0.epochs = 60 })
    try trainer.run()
    let test = try Self.split(perClass: 5, seed: 3)
    let vectors = LossOracle.rows((try trainer.embeddings(of: test).floats().map(Double.init), [20, 16]))
    let hits = vectors.indices.filter { i in
      let nearest = vectors.indices.filter { $0 != i }.max {
        LossOracle.dot(vectors[i], vectors[$0]) < LossOracle.dot(vectors[i], vectors[$1])
      }
      return nearest.map { $0 % 4 == i % 4 } ?? false
    }
    // By chance 4 of 19 others are of the same class.
    #expect(hits.count >= 13)
  }

  /// An encoder that readies its inputs itself, as one of pictures does: several rows of some items, made in the background.
  @Test func preparingInTheBackgroundChangesNothing() throws {
    func numbered(_ split: JointSplit) throws -> JointSplit {
      let rows = try Tensor((0..<Int64(split.count)).map { $0 }, shape: [split.count, 1])
      return try JointSplit(text: split.text, image: rows, relevant: split.relevant, name: "numbered")
    }
    func train(_ workers: Int) throws -> (weights: [RawTensor], vectors: [Float], shares: [Double?]) {
      let (train, validation) = (try Self.split(perClass: 12, seed: 1), try Self.split(perClass: 5, seed: 2))
      let width = 12
      let pictures = try train.image.floats()
      let configuration = Self.configuration { ($0.workers, $0.epochs) = (workers, 3) }
      var generator = SeededGenerator(seed: 4, purpose: "init")
      let model = try JointModelRegistry.named("projection").make(
        ["outputDimension": .int(16)], inputs: .init(text: 8, image: width), generator: &generator)
      let layer = try Linear(width, width, generator: &generator)
      let encoder = TrainableEncoder(
        module: layer,
        prepare: { items in
          let numbers = try items.int64s().map { Int($0) }
          let rows = numbers.flatMap { Array(pictures[$0 * width..<($0 + 1) * width]) }
          return EncoderInput(try Tensor(rows + rows, shape: [2 * numbers.count, width]), counts: numbers.map { _ in 2 })
        },
        features: { input in
          let half = input.values.shape[0] / 2
          #expect(input.counts == [Int](repeating: 2, count: half))
          let both = try input.values.linear(layer.weight, layer.bias)
          return try (both.narrow(dim: 0, start: 0, length: half) + both.narrow(dim: 0, start: half, length: half)) / 2
        })
      let trainer = try JointTrainer(
        model: model, image: encoder, train: numbered(train), validation: numbered(validation),
        configuration: configuration)
      let history = try trainer.run()
      return (try trainer.weights(), try trainer.embeddings(of: numbered(train)).floats(), history.map(\.waitingShare))
    }
    let (alone, ahead) = (try train(0), try train(2))
    #expect(Self.bytes(alone.weights) == Self.bytes(ahead.weights) && alone.vectors == ahead.vectors)
    #expect(ahead.shares.allSatisfy { (0...1).contains($0 ?? -1) })
    #expect(alone.weights.contains { $0.name.hasPrefix("image.") })
  }

  @Test func sameSeedSameBits() throws {
    func train(_ seed: UInt64) throws -> [RawTensor] {
      let trainer = try Self.trainer(Self.configuration { $0.seed = seed })
      try trainer.run()
      return try trainer.weights()
    }
    let (a, b, c) = (try train(4), try train(4), try train(5))
    #expect(Self.bytes(a) == Self.bytes(b))
    #expect(Self.bytes(a) != Self.bytes(c))
  }

  /// Killed after each epoch in turn and resumed in a fresh trainer: the same weights and losses as
  /// undisturbed.
  @Test(arguments: 1...5) func resumesBitForBit(_ killedAfter: Int) throws {
    struct Killed: Error {}
    let straight = try Self.trainer(Self.configuration())
    let expected = try straight.run()

    let killed = try Self.trainer(Self.configuration())
    var stored: TrainerState?
    #expect(throws: Killed.self) {
      try killed.run { record in
        stored = try killed.state()
        if record.epoch == killedAfter { throw Killed() }
      }
    }
    let state = try #require(stored)
    let resumed = try Self.trainer(Self.configuration())
    try resumed.restore(TrainerState(tensors: state.tensors, metadata: state.metadata))
    let history = try resumed.run()
    #expect(history.map(\.trainLoss) == expected.map(\.trainLoss))
    #expect(history.map(\.validationLoss) == expected.map(\.validationLoss))
    #expect(try Self.bytes(resumed.weights()) == Self.bytes(straight.weights()))
  }

  @Test func refusesAnotherRunsState() throws {
    let trainer = try Self.trainer(Self.configuration { $0.epochs = 1 })
    try trainer.run()
    let state = try trainer.state()
    let other = try Self.trainer(Self.configuration { $0.learningRate = 0.02 })
    #expect(throws: IeumError.self) { try other.restore(state) }
    #expect(throws: IeumError.self) {
      try trainer.restore(TrainerState(tensors: state.tensors, metadata: [:]))
    }
    let torn = TrainerState(tensors: Array(state.tensors.dropFirst()), metadata: state.metadata)
    #expect(throws: IeumError.self) { try trainer.restore(torn) }
  }

  @Test func stopsEarlyAndKeepsTheBest() throws {
    let trainer = try Self.trainer(
      Self.configuration {
        $0.epochs = 200
        $0.patience = 3
        $0.learningRate = 0.05
      })
    let history = try trainer.run()
    let best = try #require(trainer.bestRecord)
    #expect(history.count < 200)
    #expect(history.count == best.epoch + 3)
    #expect(best.validationLoss == history.compactMap(\.validationLoss).min())

    let short = try Self.trainer(
      Self.configuration {
        $0.epochs = best.epoch
        $0.patience = 3
        $0.learningRate = 0.05
      })
    try short.run()
    #expect(try Self.bytes(short.weights()) == Self.bytes(trainer.weights()))
  }

  @Test func zeroEpochsLeaveTheModelAsInitialised() throws {
    let trainer = try Self.trainer(Self.configuration { $0.epochs = 0 })
    let before = try trainer.weights()
    #expect(try trainer.run().isEmpty)
    #expect(try Self.bytes(trainer.weights()) == Self.bytes(before))
  }

  @Test func bfloat16TrainsToo() throws {
    let trainer = try Self.trainer(
      Self.configuration {
        $0.precision = .bf16
        $0.epochs = 12
      })
    let history = try trainer.run()
    #expect(try #require(trainer.bestRecord?.validationLoss) < #require(history.first?.validationLoss))
    #expect(try trainer.weights().allSatisfy { $0.dtype == .float32 })
  }

  @Test func aDivergingRunNamesTheEpoch() throws {
    let trainer = try Self.trainer(Self.configuration { $0.learningRate = 1e30 })
    do {
      try trainer.run()
      Issue.record("diverged without an error")
    } catch let error as IeumError {
      #expect(error.kind == .data)
      #expect(error.description.contains("epoch"))
    }
  }

  @Test func refusesBadData() throws {
    let rows = try Tensor([1, 2, .nan, 4] as [Float], shape: [2, 2])
    let good = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
    #expect(throws: IeumError.self) {
      try JointSplit(text: good, image: rows, relevant: [[1], [0]], name: "t")
    }
    #expect(throws: IeumError.self) {
      try JointSplit(text: good, image: good, relevant: [[2], [0]], name: "t")
    }
    #expect(throws: IeumError.self) { try JointSplit(text: good, image: good, relevant: [[]], name: "t") }
    let lonely = try JointSplit(text: good, image: good, relevant: [[], []], name: "t")
    var generator = SeededGenerator(seed: 1)
    let model = try ConcatProjection(inputs: .init(text: 2, image: 2), generator: &generator)
    #expect(throws: IeumError.self) {
      try JointTrainer(model: model, train: lonely, validation: lonely, configuration: Self.configuration())
    }
  }
}
