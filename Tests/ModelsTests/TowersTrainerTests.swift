import Basics
import Models
import Tensors
import Testing

@Suite struct TowersTrainerTests {
  /// Items whose modalities are noisy views of one hidden vector.
  struct World {
    static let size = 48
    let views: [Modality: Tensor]

    init(seed: UInt64) throws {
      var generator = SeededGenerator(seed: seed)
      var shared = SeededGenerator(seed: 99)
      let hidden = try Tensor.normal([Self.size, 6], generator: &generator)
      var views: [Modality: Tensor] = [:]
      for (modality, width) in [(Modality.text, 10), (.image, 12), (.audio, 8)] {
        let noise = try Tensor.normal([Self.size, width], std: 0.1, generator: &generator)
        views[modality] = try hidden.matmul(.normal([6, width], generator: &shared)) + noise
      }
      self.views = views
    }

    func rows(_ modality: Modality, _ rows: [Int]) throws -> TowerInput {
      guard let view = views[modality] else { preconditionFailure() }
      return TowerInput(try view.indexSelect(dim: 0, Tensor(rows.map { Int64($0) }, shape: [rows.count])))
    }

    func source(_ first: Modality, _ second: Modality, count: Int = size) -> PairSource {
      PairSource(name: "\(first)-\(second)", first: first, second: second, count: count) { rows, _ in
        PairBatch(first: try self.rows(first, rows), second: try self.rows(second, rows), groups: rows)
      }
    }

    /// Share of texts that find their image first.
    func hits(_ network: TowerNetwork, _ query: Modality = .text, _ gallery: Modality = .image) throws -> Double {
      var generator = SeededGenerator(seed: 0)
      let all = Array(0..<Self.size)
      let (q, g) = try noGrad {
        (
          try network.embed(query, rows(query, all), generator: &generator),
          try network.embed(gallery, rows(gallery, all), generator: &generator)
        )
      }
      let found = try q.matmul(g.transposed(0, 1)).argmax(dim: 1).int64s()
      return Double(zip(found, all).filter { Int($0) == $1 }.count) / Double(Self.size)
    }
  }

  static func network(_ seed: UInt64 = 1) throws -> TowerNetwork {
    var generator = SeededGenerator(seed: seed, purpose: "init")
    return try TowerModelRegistry.named("three-tower").make(
      ["hidden": .int(32), "outputDimension": .int(16), "dropout": .double(0.1)],
      trunks: [
        .text: StoredTrunk(dimension: 10), .image: StoredTrunk(dimension: 12), .audio: StoredTrunk(dimension: 8),
      ], generator: &generator)
  }

  static func trainer(_ change: (inout PairTrainerConfiguration) -> Void = { _ in }) throws -> PairTrainer {
    var configuration = PairTrainerConfiguration()
    (configuration.epochs, configuration.batchSize, configuration.learningRate) = (12, 16, 0.01)
    configuration.seed = 3
    change(&configuration)
    let (world, validation) = (try World(seed: 1), try World(seed: 2))
    return try PairTrainer(
      network: network(), sources: [world.source(.image, .text), world.source(.image, .audio, count: 40)],
      configuration: configuration, score: { try validation.hits($0) })
  }

  /// A source of which nothing can be read ends the training: the others alone would be another one.
  @Test func aSourceThatVanishesIsRefused() throws {
    let world = try World(seed: 1)
    let gone = PairSource(name: "sounds", first: .image, second: .audio, count: 40) { rows, _ in
      var skipped = SkippedRows()
      for row in rows { skipped.add("set/\(row)", reason: "it is damaged") }
      return PairBatch(first: try world.rows(.image, rows), second: try world.rows(.audio, rows), groups: [], skipped: skipped)
    }
    var configuration = PairTrainerConfiguration()
    (configuration.epochs, configuration.batchSize) = (1, 16)
    let trainer = try PairTrainer(
      network: Self.network(), sources: [world.source(.image, .text), gone], configuration: configuration, score: { _ in 0 })
    do {
      try trainer.run()
      Issue.record("the training went on without its sounds")
    } catch let error as IeumError {
      #expect(error.problem.hasPrefix("no batch of the source 'sounds' is left") && error.exitCode == 65)
    }
  }

  /// Text finds sound although no pair of the two was ever seen: the image mediates.
  @Test func twoSourcesMeetInOneSpace() throws {
    let validation = try World(seed: 2)
    let trainer = try Self.trainer { $0.epochs = 25 }
    #expect(try validation.hits(trainer.network, .text, .audio) < 0.2)
    let history = try trainer.run()
    #expect(try validation.hits(trainer.network) > 0.7)
    #expect(try validation.hits(trainer.network, .text, .audio) > 0.4)
    #expect(Set(history.first?.losses?.keys ?? [:].keys) == ["image-text", "image-audio"])
    #expect(history.allSatisfy { (0...1).contains($0.waitingShare ?? -1) })
  }

  @Test(arguments: LossRegistry.all.filter { [.pairs, .bags, .modalities].contains($0.input) }.map(\.name))
  func everyPairLossLearns(_ name: String) throws {
    let trainer = try Self.trainer {
      $0.loss = name
      $0.epochs = 20
      if name == "mil-nce" { $0.lossParameters = ["temperature": .double(0.1)] }
    }
    try trainer.run()
    #expect((trainer.bestRecord?.score ?? 0) > 0.3, "\(trainer.history.map(\.score))")
  }

  @Test func aLossOnTripletsIsRefused() {
    #expect(throws: IeumError.self) { try Self.trainer { $0.loss = "triplet" } }
    #expect(throws: IeumError.self) {
      try Self.trainer {
        $0.loss = "mil-nce"
        $0.queueSize = 8
      }
    }
    #expect(throws: IeumError.self) { try Self.trainer { $0.batchSize = 1 } }
  }

  @Test func workersChangeNothing() throws {
    func weights(_ workers: Int, _ prefetch: Int) throws -> [[UInt8]] {
      let trainer = try Self.trainer {
        $0.epochs = 2
        $0.workers = workers
        $0.prefetch = prefetch
      }
      try trainer.run()
      return try trainer.weights().map(\.bytes)
    }
    let reference = try weights(0, 1)
    #expect(try weights(1, 4) == reference)
    #expect(try weights(3, 8) == reference)
  }

  @Test(arguments: [0, 24, 100]) func aResumedRunEndsAsTheUndisturbedOne(queue: Int) throws {
    let setting: (inout PairTrainerConfiguration) -> Void = {
      $0.epochs = 5
      $0.queueSize = queue
      $0.loss = "info-nce"
      $0.lossParameters = ["learned": .bool(true)]
    }
    let whole = try Self.trainer(setting)
    try whole.run()
    let interrupted = try Self.trainer(setting)
    var state: TrainerState?
    struct Stop: Error {}
    do {
      try interrupted.run { record in
        guard record.epoch == 2 else { return }
        state = try interrupted.state()
        throw Stop()
      }
    } catch is Stop {}
    let resumed = try Self.trainer(setting)
    let kept = try #require(state)
    #expect(kept.tensors.contains { $0.name == "queue.1.groups" } == (queue > 0))
    try resumed.restore(kept)
    try resumed.run()
    #expect(try resumed.weights().map(\.bytes) == whole.weights().map(\.bytes))
    #expect(resumed.history.map(\.losses) == whole.history.map(\.losses))
    let other = try Self.trainer { $0.learningRate = 0.5 }
    #expect(throws: IeumError.self) { try other.restore(#require(state)) }
  }

  @Test func theScheduleLowersTheRate() throws {
    let trainer = try Self.trainer {
      $0.epochs = 5
      $0.schedule = .stepwise(every: 2, factor: 0.1)
    }
    let rates = try trainer.run().map { $0.learningRate ?? 0 }
    #expect(zip(rates, [0.01, 0.01, 0.001, 0.001, 0.0001]).allSatisfy { isClose($0, $1, 1e-12) }, "\(rates)")
  }

  @Test func theBestEpochIsKept() throws {
    let world = try World(seed: 1)
    var (scores, seen) = ([0.1, 0.9, 0.3, 0.2], [[[UInt8]]]())
    var configuration = PairTrainerConfiguration()
    (configuration.epochs, configuration.batchSize, configuration.learningRate) = (10, 16, 0.01)
    configuration.patience = 2
    let trainer = try PairTrainer(
      network: Self.network(), sources: [world.source(.image, .text)], configuration: configuration
    ) { network in
      seen.append(try network.state().map(\.bytes))
      return scores.removeFirst()
    }
    let history = try trainer.run()
    #expect(history.map(\.isBest) == [true, true, false, false])
    #expect(try trainer.network.state().map(\.bytes) == seen[1])
  }

  @Test func theLogitScaleIsTrainedWithinItsBounds() throws {
    let trainer = try Self.trainer {
      $0.loss = "info-nce"
      $0.lossParameters = ["learned": .bool(true), "temperature": .double(0.5), "maximumScale": .double(2.2)]
      $0.learningRate = 0.1
      $0.epochs = 3
    }
    func scale() throws -> Double {
      let raw = try #require(try trainer.weights().first { $0.name == "loss.logit_scale" })
      return try Tensor(raw).doubles()[0]
    }
    #expect(try isClose(scale(), 0.6931471805599453))
    try trainer.run()
    #expect(try isClose(scale(), 0.7884573603642703))
  }

  @Test func frozenTrunksStayAsTheyAre() throws {
    let network = try Self.network()
    for (name, tensor) in network.namedParameters() where name.hasPrefix("image.") { tensor.requiresGrad = false }
    func image() throws -> [[UInt8]] {
      try network.state().filter { $0.name.hasPrefix("image.") }.map(\.bytes)
    }
    let before = try image()
    var configuration = PairTrainerConfiguration()
    (configuration.epochs, configuration.batchSize) = (1, 16)
    let world = try World(seed: 1)
    try PairTrainer(network: network, sources: [world.source(.image, .text)], configuration: configuration) { _ in 0 }
      .run()
    #expect(try image() == before)
  }

  /// End to end: pixels, spectrograms and word ids through networks of their own.
  @Test func trunksAreTrainedToo() throws {
    var generator = SeededGenerator(seed: 8)
    let spec = try ImageEncoderRegistry.named("resnet18")
    let cnn = try TextCNN(
      vectors: (0..<60).map { Float($0 % 7) - 3 }, dimension: 6, kernels: [1, 2], filters: 8, generator: &generator)
    let network = try TowerModelRegistry.named("three-tower").make(
      ["hidden": .int(16), "outputDimension": .int(8)],
      trunks: [
        .image: ImageTrunk(spec.make(&generator), dimension: 512), .text: TextTrunk(cnn),
        .audio: try SpectrogramTrunk(spec.make(&generator), dimension: 512),
      ], generator: &generator)
    let pixels = try Tensor.normal([8, 3, 32, 32], generator: &generator)
    let sounds = try Tensor.normal([8, 1, 32, 32], generator: &generator)
    let words = try Tensor((0..<32).map { Int64(1 + $0 % 9) }, shape: [8, 4])
    let text = PairSource(name: "captions", first: .image, second: .text, count: 8) { rows, _ in
      PairBatch(first: TowerInput(pixels), second: TowerInput(words), groups: rows.indices.map { $0 })
    }
    let audio = PairSource(name: "sounds", first: .image, second: .audio, count: 8) { rows, _ in
      PairBatch(first: TowerInput(pixels), second: TowerInput(sounds), groups: rows.indices.map { $0 })
    }
    var configuration = PairTrainerConfiguration()
    (configuration.epochs, configuration.batchSize, configuration.learningRate) = (6, 8, 0.001)
    let before = try network.state().map(\.bytes)
    let names = try network.state().map(\.name)
    let trainer = try PairTrainer(network: network, sources: [text, audio], configuration: configuration) { _ in 0 }
    let history = try trainer.run()
    #expect((history.last?.trainLoss ?? 9) < (history.first?.trainLoss ?? 0))
    let after = try trainer.state().tensors.filter { $0.name.hasPrefix("model.") }.map(\.bytes)
    let moved = Set(zip(names, zip(before, after)).filter { $0.1.0 != $0.1.1 }.map(\.0))
    for name in ["image.trunk.network.conv1.weight", "audio.trunk.network.layer4.1.conv2.weight", "text.trunk.network.conv2.bias"] {
      #expect(moved.contains(name), "\(name)")
    }
    #expect(!moved.contains("text.trunk.network.words.weight"))
  }
}
