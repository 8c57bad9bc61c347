import Basics
import Foundation
import Models
import Tensors
import Testing
import Weights

/// Heads, loss, recipe and training of CLIP4Clip (scripts/golden/clip4clip.py).
@Suite struct Clip4ClipTests {
  struct Reference: Decodable {
    struct Loss: Decodable {
      let cos: [[Double]]
      let plain: Double
      let grouped: Double
    }
    struct Steps: Decodable {
      let names: [String]
      let shapes: [[Int]]
      let trace: [[String: [Double]]]
    }
    struct Schedules: Decodable {
      let published: [Double]
      let sensible: [Double]
    }
    let heads: [String: [Double]]
    let loss: Loss
    let steps: Steps
    let schedules: Schedules
  }

  static func reference() throws -> Reference { try EncoderFormula.golden("clip4clip", as: Reference.self) }

  private static func values(_ name: String, _ shape: [Int], scale: Double = 1) throws -> Tensor {
    try Tensor(EncoderFormula.hashed(name, shape.reduce(1, *)).map { Float($0 * scale) }, shape: shape)
  }

  /// A head with the reference program's weights.
  private static func fill(_ head: Module) throws {
    try head.load(
      head.namedState().map { name, tensor in
        let isScale = name.contains("ln_") && name.hasSuffix("weight")
        let scale = tensor.rank > 1 ? 0.1 : 0.05
        let values = EncoderFormula.hashed(name, tensor.count).map { Float($0 * scale) + (isScale ? 1 : 0) }
        return RawTensor(name: name, shape: tensor.shape, floats: values)
      }, file: "reference")
    head.train(false)
  }

  private static let shape = {
    var shape = TransformerShape(width: 64, layers: 2, heads: 1)
    shape.epsilon = 1e-12
    return shape
  }()

  private func expectClose(_ values: [Float], _ wanted: [Double], sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(values.count == wanted.count, sourceLocation: sourceLocation)
    let worst = zip(values, wanted).map { abs(Double($0) - $1) }.max() ?? .infinity
    #expect(worst < 2e-6, "off by \(worst)", sourceLocation: sourceLocation)
  }

  @Test(arguments: [VideoHeadKind.meanP, .seqLSTM, .seqTransf])
  func headsAgreeWithAPlainProgram(kind: VideoHeadKind) throws {
    var generator = SeededGenerator(seed: 1)
    let head = try VideoHead(kind, transformer: Self.shape, positions: 9, generator: &generator)
    try Self.fill(head)
    let rows = try head(Self.values("frames", [3, 4, 64]), lengths: [4, 2, 3])
    expectClose(try rows.floats(), try #require(Self.reference().heads[kind.rawValue]))
  }

  @Test func tightHeadAgreesWithAPlainProgram() throws {
    var generator = SeededGenerator(seed: 1)
    let head = try TightHead(transformer: Self.shape, positions: 9, generator: &generator)
    try Self.fill(head)
    let scores = try head.logits(
      text: Self.values("texts", [2, 64]), frames: Self.values("frames", [3, 4, 64]), lengths: [4, 2, 3],
      generator: &generator)
    #expect(scores.shape == [2, 3])
    expectClose(try scores.floats(), try #require(Self.reference().heads["tight"]))
    // Only training drops anything.
    head.train(true)
    let dropped = try head.logits(
      text: Self.values("texts", [2, 64]), frames: Self.values("frames", [3, 4, 64]), lengths: [4, 2, 3],
      generator: &generator)
    #expect(try dropped.floats() != scores.floats())
  }

  @Test func headsHaveThePublishedSizes() throws {
    var generator = SeededGenerator(seed: 1)
    let shape = TransformerShape(width: 512, layers: 4, heads: 8)
    func count(_ kind: VideoHeadKind) throws -> Int {
      try VideoHead(kind, transformer: shape, positions: 77, generator: &generator).parameterCount
    }
    #expect(try count(.meanP) == 0)
    #expect(try count(.seqLSTM) == 2_140_672)
    #expect(try count(.seqTransf) == 12_648_960)
  }

  @Test func headsStartFromTheTextTower() throws {
    var generator = SeededGenerator(seed: 2)
    var config = ClipTextConfig()
    (config.vocabulary, config.positions, config.output) = (20, 9, 64)
    config.transformer = TransformerShape(width: 64, layers: 3, heads: 1)
    let text = try ClipTextNetwork(config, generator: &generator)
    let head = try VideoHead(.seqTransf, transformer: Self.shape, positions: 9, generator: &generator)
    #expect(try head.start(from: text))
    let source = Dictionary(try text.state().map { ($0.name, $0.bytes) }, uniquingKeysWith: { $1 })
    for tensor in try head.state() {
      let name = tensor.name.replacing("transformerClip.", with: "transformer.")
      #expect(tensor.bytes == source[name == "frame_position_embeddings.weight" ? "positional_embedding" : name], "\(name)")
    }
    let other = try VideoHead(.seqTransf, transformer: Self.shape, positions: 8, generator: &generator)
    #expect(try !other.start(from: text))
  }

  @Test func lossHasTheSheetsValue() throws {
    let reference = try Self.reference().loss
    let cos = try Tensor(reference.cos.flatMap { $0 }, shape: [3, 3])
    #expect(abs(try ClipLoss.value(cos * 10, groups: [0, 1, 2]).item() - reference.plain) < 1e-12)
    #expect(abs(reference.plain - 0.294903) < 1e-6)
    #expect(abs(try ClipLoss.value(cos * 10, groups: [4, 1, 4]).item() - reference.grouped) < 1e-12)
    #expect(try ClipLoss.value(Tensor([3.0], shape: [1, 1]), groups: [0]).item() == 0)
  }

  @Test func lossGradientsAgreeWithDifferences() throws {
    let values = EncoderFormula.hashed("logits", 16).map { 3 * $0 }
    let groups = [0, 1, 0, 3]
    func loss(_ values: [Double]) throws -> Double {
      try ClipLoss.value(Tensor(values, shape: [4, 4]), groups: groups).item()
    }
    let logits = try Tensor(values, shape: [4, 4])
    logits.requiresGrad = true
    try ClipLoss.value(logits, groups: groups).backward()
    let gradient = try #require(try logits.grad?.doubles())
    for index in values.indices {
      var (up, down) = (values, values)
      up[index] += 1e-5
      down[index] -= 1e-5
      #expect(abs(gradient[index] - (try loss(up) - loss(down)) / 2e-5) < 1e-8, "entry \(index)")
    }
  }

  @Test func schedulesAreThePublishedAndTheSensibleOne() throws {
    let reference = try Self.reference().schedules
    var recipe = ClipRecipe()
    for (index, wanted) in reference.sensible.enumerated() { #expect(abs(recipe.factor(at: index, of: 40) - wanted) < 1e-12) }
    recipe.schedule = .clip4clip
    for (index, wanted) in reference.published.enumerated() { #expect(abs(recipe.factor(at: index, of: 40) - wanted) < 1e-12) }
    #expect(recipe.factor(at: 0, of: 40) == 0 && recipe.factor(at: 20, of: 40) == 0.5)
    #expect(abs(recipe.factor(at: 4, of: 40) - 0.9755) < 1e-4)
  }

  /// Three steps of the published optimiser; its frozen tensor stays.
  @Test func publishedQuirksGiveThePublishedSteps() throws {
    let steps = try Self.reference().steps
    let module = Module()
    var parameters: [String: Tensor] = [:]
    for (name, shape) in zip(steps.names, steps.shapes) {
      parameters[name] = module.parameter(name, try Self.values(name, shape))
    }
    var recipe = try ClipRecipe([
      "schedule": .string("clip4clip"), "decay": .string("clip4clip"), "clipping": .string("both"),
      "biasCorrection": .bool(false), "warmup": .double(0.25), "towerFactor": .double(0.1),
      "frozen": .string("visual.conv1."),
    ])
    recipe.learningRate = 0.01
    let optimizer = try ClipOptimizer(module, recipe)
    for (index, wanted) in steps.trace.enumerated() {
      optimizer.zeroGrad()
      for (name, tensor) in parameters where tensor.requiresGrad {
        let gradient = EncoderFormula.hashed("\(name) \(index)", tensor.count).map { Float(2 * $0) }
        try (tensor * Tensor(gradient, shape: tensor.shape)).sum().backward()
      }
      try optimizer.step(index, of: 8)
      for (name, values) in wanted {
        expectClose(try #require(parameters[name]).floats(), values)
      }
    }
  }

  @Test func settingsThatCannotBeAreRefused() throws {
    #expect(throws: IeumError.self) { try ClipRecipe(["warmup": .double(1)]) }
    #expect(throws: IeumError.self) { try ClipRecipe(["schedule": .string("linear")]) }
    #expect(throws: IeumError.self) { try ClipRecipe(["rate": .double(1)]) }
    let module = Module()
    module.parameter("clip.visual.proj", try .zeros([2, 2]))
    let recipe = try ClipRecipe(["frozen": .string("visual.conv1.")])
    #expect(message { _ = try ClipOptimizer(module, recipe) }.contains("no parameter is called 'visual.conv1.…'"))
    #expect(try ClipRecipe(["frozen": .string("clip4clip-0")]).frozen.contains("token_embedding."))
  }
}
