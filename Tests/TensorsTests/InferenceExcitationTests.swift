import Basics
import Tensors
import Testing

/// Squeeze-and-excitation in a plan, whose gates may go into the weights of the convolution behind it, against
/// libtorch's operators.
@Suite(.serialized) struct InferenceExcitationTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let height, width, wide, narrow, hidden: Int
    var images = 2
    var threads = 2
    var isResidual = false
    /// Multiplying the weights is less work than multiplying the values.
    var isGated: Bool { height * width >= 4 * narrow }

    var testDescription: String {
      "\(wide)x\(height)x\(width)->\(narrow), \(hidden) units, \(images) on \(threads)\(isResidual ? ", sum" : "")"
    }
  }

  static let cases = [
    Case(height: 17, width: 19, wide: 96, narrow: 24, hidden: 6),
    Case(height: 14, width: 15, wide: 40, narrow: 40, hidden: 1, images: 3, isResidual: true),
    Case(height: 31, width: 9, wide: 48, narrow: 48, hidden: 13, images: 1, threads: 1, isResidual: true),
    Case(height: 16, width: 16, wide: 144, narrow: 64, hidden: 37, images: 1),
    Case(height: 21, width: 20, wide: 17, narrow: 33, hidden: 5, images: 3, threads: 1),
    Case(height: 7, width: 7, wide: 112, narrow: 32, hidden: 4, images: 3),
    Case(height: 3, width: 2, wide: 32, narrow: 16, hidden: 2),
    Case(height: 9, width: 9, wide: 64, narrow: 64, hidden: 16, images: 1, isResidual: true),
  ].filter { $0.wide % 8 == 0 && $0.narrow % 8 == 0 || !TensorRuntime.inferenceEngine.contains("below AVX2") }

  private struct Network {
    let one: Case
    var weights: [Tensor] = []
    var shifts: [[Float]] = []

    /// Stem, depth-wise, squeezing, exciting, projecting, and one that makes the means depend on where a value lies.
    init(_ one: Case) throws {
      self.one = one
      var generator = SeededGenerator(seed: 3)
      let shapes = [
        [one.wide, 3, 3, 3], [one.wide, 1, 3, 3], [one.hidden, one.wide, 1, 1], [one.wide, one.hidden, 1, 1],
        [one.narrow, one.wide, 1, 1], [24, one.narrow, 3, 3],
      ]
      for shape in shapes {
        let count = shape.reduce(1, *)
        let spread = (12 / Double(count / shape[0])).squareRoot()
        weights.append(
          try Tensor((0..<count).map { _ in Float((generator.uniform() - 0.5) * spread) }, shape: shape))
        shifts.append((0..<shape[0]).map { _ in Float(generator.uniform() - 0.4) })
      }
    }

    func traced(in graph: InferenceGraph) throws -> InferenceGraph.Value {
      let stem = try conv(0, graph.input, .relu, in: graph)
      let gated = try excited(conv(1, stem, .silu, groups: one.wide, in: graph), in: graph)
      let projected = try conv(4, gated, .none, in: graph)
      return try conv(
        5, one.isResidual ? graph.sum(projected, stem, activation: .none) : projected, .relu, in: graph)
    }

    func conv(
      _ index: Int, _ x: InferenceGraph.Value, _ activation: InferenceGraph.Activation, groups: Int = 1,
      in graph: InferenceGraph
    ) throws -> InferenceGraph.Value {
      let kernel = weights[index].shape[2]
      return try graph.convolution(
        x, weight: weights[index], scale: shifts[index].map { _ in 1 }, shift: shifts[index],
        window: InferenceGraph.Window(kernel: kernel, stride: 1, padding: kernel / 2), groups: groups,
        activation: activation)
    }

    func excited(_ x: InferenceGraph.Value, in graph: InferenceGraph) throws -> InferenceGraph.Value {
      try graph.excitation(
        x, reduce: weights[2], reduceBias: Tensor(shifts[2], shape: [shifts[2].count]), restore: weights[3],
        restoreBias: Tensor(shifts[3], shape: [shifts[3].count]))
    }

    private func conv(_ index: Int, _ x: Tensor, groups: Int = 1) throws -> Tensor {
      let pad = weights[index].shape[2] / 2
      return try x.conv2d(
        weight: weights[index], bias: Tensor(shifts[index], shape: [shifts[index].count]), stride: [1, 1],
        padding: [pad, pad], groups: groups)
    }

    func means(_ x: Tensor) throws -> [Double] {
      let stem = try conv(0, x).relu()
      let y = try conv(1, stem, groups: one.wide).silu()
      let gates = try conv(3, conv(2, y.mean(dims: [2, 3], keepDim: true)).silu()).sigmoid()
      let projected = try conv(4, y * gates)
      return try conv(5, one.isResidual ? projected + stem : projected).relu().mean(dims: [2, 3]).doubles()
    }
  }

  @Test(arguments: cases) func agreesWithOperators(one: Case) throws {
    let (network, pixels) = (try Network(one), randomPixels(one.images * 3 * one.height * one.width, seed: 4))
    let expected = try network.means(Tensor(pixels, shape: [one.images, 3, one.height, one.width]))
    for precision in TensorRuntime.convolvesInBF16 ? [InferencePrecision.f32, .bf16] : [.f32] {
      let graph = try InferenceGraph(channels: 3, height: one.height, width: one.width)
      let output = try network.traced(in: graph)
      let plan = try graph.compile(output, batch: one.images, precision: precision, threads: one.threads)
      if TensorRuntime.inferenceEngine.contains("AVX-512") {
        #expect(plan.steps.contains { $0.contains("gated") } == one.isGated)
      }
      let first = try imageMeans(plan, pixels, features: 24)
      #expect(largest(first, expected) < (precision == .f32 ? 1e-5 : 3e-2))
      #expect(try imageMeans(plan, pixels, features: 24) == first)
    }
  }

  /// Where two layers read the values, both get them multiplied.
  @Test func valuesThatTwoLayersReadAreMultiplied() throws {
    let one = Case(height: 17, width: 19, wide: 96, narrow: 24, hidden: 6)
    let (network, pixels) = (try Network(one), randomPixels(one.images * 3 * one.height * one.width, seed: 4))
    let graph = try InferenceGraph(channels: 3, height: one.height, width: one.width)
    let stem = try network.conv(0, graph.input, .relu, in: graph)
    let excited = try network.excited(network.conv(1, stem, .silu, groups: one.wide, in: graph), in: graph)
    let twice = try graph.sum(
      network.conv(4, excited, .none, in: graph), network.conv(4, excited, .none, in: graph), activation: .none)
    let plan = try graph.compile(twice, batch: one.images)
    #expect(!plan.steps.contains { $0.contains("gated") })
    let alone = try graph.compile(network.conv(4, excited, .none, in: graph), batch: one.images)
    let (both, single) = (try imageMeans(plan, pixels, features: 24), try imageMeans(alone, pixels, features: 24))
    #expect(largest(both, single.map { 2 * $0 }) < 1e-5)
  }
}
