import Basics
import Foundation
import Models
import Tensors
import Testing
import Weights

/// A frozen encoder's vectors as a second goal of the image tower.
@Suite struct ClipDistillationTests {
  /// Clip i's teacher: one of three directions; the last clip has none.
  private static let teacher: [[Float]] = (0..<12).map { row in
    row == 11 ? [0, 0, 0] : (0..<3).map { $0 == row % 3 ? 1 : 0 }
  }

  private static let source = ClipSource(count: 12, teacherWidth: 3) { rows, seed in
    let batch = try Clip4ClipTrainingTests.source.make(rows, seed)
    return ClipSource.Batch(
      frames: batch.frames, texts: batch.texts, groups: batch.groups,
      teacher: try Tensor(rows.flatMap { teacher[$0] }, shape: [rows.count, 3]))
  }

  private static func distillation(width: Int = 64, weight: Double = 2) throws -> ClipDistillation {
    var generator = SeededGenerator(seed: 4)
    return try ClipDistillation(width: width, teacher: 3, weight: weight, generator: &generator)
  }

  private static let frames: [Double] = [1.5, 0.5, -1, 2, 1, 1, 0, 0, 0.5, -0.25, 2, -1]
  private static let lengths = [2, 1, 2]

  /// By the formula: three clips of two frames of two numbers, the second clip of one frame.
  private static func expected(_ frames: [Double], _ distillation: ClipDistillation) throws -> Double {
    var parts: [String: [Double]] = [:]
    for (name, tensor) in distillation.namedParameters() { parts[name] = try tensor.floats().map(Double.init) }
    let (matrix, bias) = (parts["map.weight"] ?? [], parts["map.bias"] ?? [])
    var sum = 0.0
    for clip in 0..<3 {
      let mean = (0..<2).map { axis in
        (0..<lengths[clip]).reduce(0) { $0 + frames[(clip * 2 + $1) * 2 + axis] } / Double(lengths[clip])
      }
      let told = (0..<3).map { bias[$0] + matrix[2 * $0] * mean[0] + matrix[2 * $0 + 1] * mean[1] }
      let length = told.reduce(0) { $0 + $1 * $1 }.squareRoot()
      sum += 1 - zip(told, teacher[clip + 9]).reduce(0) { $0 + $1.0 * Double($1.1) } / length
    }
    return distillation.weight * sum / 3
  }

  @Test func lossAndGradientsFollowTheFormula() throws {
    let distillation = try Self.distillation(width: 2)
    let values = Self.frames
    let frames = try Tensor(values.map(Float.init), shape: [3, 2, 2])
    frames.requiresGrad = true
    let teacher = try Tensor(Self.teacher[9...].flatMap { $0 }, shape: [3, 3])
    let loss = try distillation.loss(frames, lengths: Self.lengths, teacher: teacher)
    #expect(abs(try loss.item() - Self.expected(values, distillation)) < 1e-5)
    try loss.backward()
    let gradient = try #require(frames.grad).floats()
    // Places 6 and 7 are behind the second clip's end.
    for place in values.indices where place != 6 && place != 7 {
      var (above, below) = (values, values)
      above[place] += 1e-4
      below[place] -= 1e-4
      let slope = try (Self.expected(above, distillation) - Self.expected(below, distillation)) / 2e-4
      #expect(abs(Double(gradient[place]) - slope) < 1e-4, "\(place)")
    }
    // Nothing is taught of the third clip, whose teacher is zero.
    #expect(gradient[8...].allSatisfy { $0 == 0 } && gradient[..<6].contains { abs($0) > 1e-3 })
  }

  private static func gradients(
    _ kind: VideoHeadKind, micro: Int, checkpointing: Bool
  ) throws -> (loss: Double, gradients: [String: [Float]]) {
    let (network, distillation) = (try Clip4ClipTrainingTests.network(kind), try distillation())
    network.train(false)
    let batch = try source.make(Array(0..<10), 1)
    var generator = SeededGenerator(seed: 5)
    let step = ClipStep(
      network: network, microBatch: micro, checkpointing: checkpointing, distillation: distillation)
    let loss = try step.gradients(
      batch.frames, batch.texts, groups: batch.groups, teacher: batch.teacher, generator: &generator).item()
    let gradients = try (network.namedParameters() + distillation.namedParameters())
      .map { ($0.0, try $0.1.grad?.floats() ?? []) }
    return (loss, Dictionary(uniqueKeysWithValues: gradients))
  }

  /// Also where the batch is taken apart.
  @Test(arguments: [VideoHeadKind.meanP, .seqTransf, .tight])
  func piecesGiveTheWholeBatchsGradients(kind: VideoHeadKind) throws {
    let whole = try Self.gradients(kind, micro: 0, checkpointing: false)
    #expect(whole.gradients["map.weight"]?.contains { abs($0) > 1e-4 } == true)
    for (micro, checkpointing) in [(3, false), (4, true)] {
      let parts = try Self.gradients(kind, micro: micro, checkpointing: checkpointing)
      #expect(abs(parts.loss - whole.loss) < 1e-5)
      for (name, wanted) in whole.gradients {
        let scale = wanted.map(abs).max() ?? 0
        let found = try #require(parts.gradients[name])
        let worst = zip(found, wanted).map { abs($0 - $1) }.max() ?? 0
        #expect(found.count == wanted.count && worst <= 2e-4 * scale + 1e-6, "\(name): \(worst) of \(scale)")
      }
    }
  }

  private static func trainer(epochs: Int, weight: Double) throws -> ClipTrainer {
    var recipe = Clip4ClipTrainingTests.recipe(epochs: epochs)
    recipe.distillation = weight
    return try ClipTrainer(
      network: Clip4ClipTrainingTests.network(.meanP), source: source, recipe: recipe) { _ in 1 }
  }

  @Test func trainingLearnsFromTheTeacher() throws {
    let taught = try Self.trainer(epochs: 30, weight: 50)
    let losses = try taught.run().map(\.trainLoss)
    // The pairs' own loss is below ln 6 at the start; one clip of twelve has no teacher: 50 / 12 is the least.
    #expect(losses[0] > 20 && (losses.last ?? 99) < 10, "\(losses)")
    let alone = try Self.trainer(epochs: 2, weight: 0)
    #expect(try alone.run()[0].trainLoss < 5)
    // The map is no part of what is kept.
    #expect(try taught.network.state().map(\.name) == alone.network.state().map(\.name))
  }

  @Test func aResumedRunEndsAsTheUndisturbedOne() throws {
    struct Interruption: Error {}
    let whole = try Self.trainer(epochs: 3, weight: 2)
    try whole.run()
    let first = try Self.trainer(epochs: 3, weight: 2)
    var saved: TrainerState?
    #expect(throws: Interruption.self) {
      try first.run { _ in
        saved = try first.state()
        throw Interruption()
      }
    }
    let second = try Self.trainer(epochs: 3, weight: 2)
    try second.restore(try #require(saved))
    try second.run()
    #expect(second.history.map(\.trainLoss) == whole.history.map(\.trainLoss))
    let other = try Self.trainer(epochs: 3, weight: 1)
    #expect(throws: IeumError.self) { try other.restore(try #require(saved)) }
  }

  @Test func aWeightWithoutATeacherIsRefused() throws {
    var recipe = Clip4ClipTrainingTests.recipe(epochs: 1)
    recipe.distillation = 1
    #expect {
      _ = try ClipTrainer(
        network: Clip4ClipTrainingTests.network(.meanP), source: Clip4ClipTrainingTests.source, recipe: recipe
      ) { _ in 1 }
    } throws: { "\($0)".contains("nothing teaches the image tower") }
  }
}
