import Basics
import Foundation
import Models
import Tensors
import Testing

/// A GPU gives what a CPU gives. Skipped, and said so, where libtorch finds none.
@Suite(.enabled(if: TensorRuntime.cudaDevices > 0, "no GPU, or a libtorch without CUDA")) struct DeviceTests {
  private static let gpu = Device.cuda(0)

  init() throws { try TensorRuntime.setDeterministic(true) }

  private func agree(_ cpu: [Double], _ gpu: [Double], _ tolerance: Double, _ what: String) {
    #expect(cpu.count == gpu.count && !cpu.isEmpty)
    let scale = max(1e-3, cpu.map(abs).max() ?? 0)
    for (a, b) in zip(cpu, gpu) { #expect(abs(a - b) <= tolerance * scale, "\(what): \(a) and \(b)") }
  }

  /// The text-image network behind a recurrent text network, dropout and mined triplets included.
  private func joint(_ device: Device, _ precision: TrainerConfiguration.Precision) throws -> ([Double], [Double]) {
    var generator = SeededGenerator(seed: 4)
    let split = try JointTrainerTests.split(perClass: 6, seed: 1)
    var ids: [Int64] = []
    for row in 0..<split.count {
      for place in 0..<5 { ids.append(place <= row % 5 ? Int64(1 + (row + place) % 7) : 0) }
    }
    let words = try Tensor(ids, shape: [split.count, 5])
    let train = try JointSplit(text: words, image: split.image, relevant: split.relevant, name: "train")
    let text = try RecurrentText(kind: .gru, vocabularySize: 8, embedding: 6, hidden: 8, generator: &generator)
    let model = try JointModelRegistry.named("text-image").make(
      ["outputDimension": .int(16), "kernels": .string("4,3"), "widths": .string("4,6"), "dropout": .double(0.2)],
      inputs: .init(text: 8, image: 12), generator: &generator)
    let settings = JointTrainerTests.configuration {
      $0.epochs = 3
      $0.precision = precision
      $0.mining = .semiHard
    }
    let trainer = try JointTrainer(
      model: model, text: TrainableEncoder(module: text) { try text.features($0) }, train: train, validation: train,
      configuration: settings, device: device)
    let losses = try trainer.run().map { $0.trainLoss }
    return (losses, try trainer.embeddings(of: train).doubles())
  }

  private func towers(_ device: Device) throws -> ([Double], [Double]) {
    let world = try TowersTrainerTests.World(seed: 1)
    var settings = PairTrainerConfiguration()
    (settings.epochs, settings.batchSize, settings.learningRate) = (3, 16, 0.005)
    (settings.loss, settings.lossParameters) = ("info-nce", ["learned": .bool(true)])
    (settings.queueSize, settings.clipNorm) = (20, 0.5)
    let network = try TowersTrainerTests.network()
    let trainer = try PairTrainer(
      network: network, sources: [world.source(.image, .text), world.source(.image, .audio)], configuration: settings,
      device: device) { try world.hits($0) }
    let history = try trainer.run()
    let rows = try network.embedAll(.text, count: TowersTrainerTests.World.size, piece: 7, workers: 1) {
      try world.rows(.text, Array($0))
    }
    #expect(network.device == device)
    return (history.map(\.trainLoss), rows.map(Double.init))
  }

  private func clips(_ kind: VideoHeadKind, _ device: Device) throws -> [Double] {
    let network = try Clip4ClipTrainingTests.network(kind)
    var recipe = Clip4ClipTrainingTests.recipe(epochs: 3)
    (recipe.microBatch, recipe.learningRate) = (4, 1e-4)
    let trainer = try ClipTrainer(
      network: network, source: Clip4ClipTrainingTests.source, recipe: recipe, device: device) { _ in 0 }
    return try trainer.run().map(\.trainLoss)
  }

  @Test func jointTraining() throws {
    let (cpu, gpu) = (try joint(.cpu, .f32), try joint(Self.gpu, .f32))
    agree(cpu.0, gpu.0, 1e-3, "loss")
    agree(cpu.1, gpu.1, 2e-2, "embeddings")
    agree(cpu.0, try joint(Self.gpu, .bf16).0, 0.1, "loss in bf16")
  }

  @Test func towerTraining() throws {
    let (cpu, gpu) = (try towers(.cpu), try towers(Self.gpu))
    agree(cpu.0, gpu.0, 1e-3, "loss")
    agree(cpu.1, gpu.1, 2e-2, "embeddings")
  }

  @Test(arguments: VideoHeadKind.allCases) func clipTraining(kind: VideoHeadKind) throws {
    agree(try clips(kind, .cpu), try clips(kind, Self.gpu), 5e-3, "loss")
  }

  @Test(arguments: ["resnet18", "efficientnet-b0", "vit-b-32"]) func pictures(name: String) throws {
    let spec = try ImageEncoderRegistry.named(name)
    func features(_ device: Device, _ precision: InferencePrecision) throws -> [Double] {
      let encoder = try ImageEncoder.load(spec, device: device, precision: precision)
      let pixels = try EncoderFormula.pixels(encoder.preprocessing.crop).floats()
      return try encoder.encode(pixels: pixels, count: 2).map(Double.init)
    }
    let cpu = try features(.cpu, .f32)
    agree(cpu, try features(Self.gpu, .f32), 1e-4, name)
    let reduced = try features(Self.gpu, .bf16)
    func length(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let cosine = zip(cpu, reduced).reduce(0) { $0 + $1.0 * $1.1 } / (length(cpu) * length(reduced))
    #expect(cosine >= 0.999, "\(name): \(cosine)")
  }

  @Test func sentences() throws {
    var config = BertConfig()
    (config.hiddenSize, config.layers, config.heads, config.intermediateSize) = (64, 2, 4, 128)
    let ids = [[1, 2, 3], [4, 5, 6, 7, 8], [9]]
    let vectors = try [Device.cpu, Self.gpu].map { device in
      try BertEncoder.random(config, pooling: .mean, seed: 1, device: device).encode(ids: ids).map(Double.init)
    }
    agree(vectors[0], vectors[1], 1e-4, "bert")
  }
}
