import Basics
import Tensors
import Testing

/// A 1x1 convolution and the depth-wise one behind it as one step of a plan, against libtorch's operators.
@Suite(.serialized) struct InferenceFusionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let height, width, kernel, stride: Int
    var narrow = 24
    var wide = 72
    var images = 2
    var threads = 2
    var activation = InferenceGraph.Activation.silu
    /// What the plan is expected to do.
    var isFused: Bool { height * width >= 28 * 28 }
    /// Below AVX2 oneDNN has compiled convolutions for whole blocks of 8 channels only.
    var isCompilable: Bool {
      narrow % 8 == 0 && wide % 8 == 0 || !TensorRuntime.inferenceEngine.contains("below AVX2")
    }

    var testDescription: String {
      "\(narrow)->\(wide)x\(height)x\(width) \(kernel)/\(stride), \(images) on \(threads), \(activation)"
    }
  }

  /// Sizes, channels and images that divide neither pieces, bands, blocks nor threads.
  static let cases = [
    Case(height: 29, width: 31, kernel: 3, stride: 1),
    Case(height: 31, width: 33, kernel: 3, stride: 1, narrow: 20),
    Case(height: 57, width: 41, kernel: 3, stride: 2, wide: 17, images: 1),
    Case(height: 31, width: 29, kernel: 5, stride: 1, narrow: 5, images: 3),
    Case(height: 28, width: 28, kernel: 5, stride: 2, narrow: 33, wide: 100, threads: 1),
    Case(height: 37, width: 113, kernel: 5, stride: 2, narrow: 16, wide: 96, images: 1, activation: .relu6),
    Case(height: 1, width: 801, kernel: 3, stride: 1, images: 1, threads: 1),
    Case(height: 801, width: 1, kernel: 5, stride: 2),
    Case(height: 3, width: 1501, kernel: 5, stride: 1, images: 1, activation: .none),
    Case(height: 400, width: 2, kernel: 3, stride: 2, images: 3, threads: 1),
    Case(height: 17, width: 13, kernel: 3, stride: 1),
    Case(height: 1, width: 1, kernel: 5, stride: 2),
  ].filter(\.isCompilable)

  private struct Layer {
    let weight: Tensor
    let shift: [Float]
    let window: InferenceGraph.Window
    var groups = 1
    var activation = InferenceGraph.Activation.silu

    init(
      _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, groups: Int = 1,
      _ activation: InferenceGraph.Activation, _ generator: inout SeededGenerator
    ) throws {
      let taps = inputs / groups * kernel * kernel
      let spread = (12 / Double(taps)).squareRoot()
      weight = try Tensor(
        (0..<outputs * taps).map { _ in Float((generator.uniform() - 0.5) * spread) },
        shape: [outputs, inputs / groups, kernel, kernel])
      shift = (0..<outputs).map { _ in Float(generator.uniform() - 0.4) }
      window = InferenceGraph.Window(kernel: kernel, stride: stride, padding: kernel / 2)
      (self.groups, self.activation) = (groups, activation)
    }

    func traced(_ x: InferenceGraph.Value, in graph: InferenceGraph) throws -> InferenceGraph.Value {
      try graph.convolution(
        x, weight: weight, scale: shift.map { _ in 1 }, shift: shift, window: window, groups: groups,
        activation: activation)
    }

    func applied(to x: Tensor) throws -> Tensor {
      let y = try x.conv2d(
        weight: weight, bias: Tensor(shift, shape: [shift.count]), stride: window.stride, padding: window.before,
        groups: groups)
      return switch activation {
      case .none: y
      case .relu: try y.relu()
      case .relu6: try y.relu6()
      case .silu: try y.silu()
      }
    }
  }

  /// Stem, expansion, depth-wise convolution, and one that makes the means depend on where each value lies.
  private func layers(_ one: Case) throws -> [Layer] {
    var generator = SeededGenerator(seed: 7)
    return [
      try Layer(3, one.narrow, kernel: 3, .relu, &generator),
      try Layer(one.narrow, one.wide, kernel: 1, one.activation, &generator),
      try Layer(
        one.wide, one.wide, kernel: one.kernel, stride: one.stride, groups: one.wide, one.activation, &generator),
      try Layer(one.wide, 24, kernel: 3, .relu, &generator),
    ]
  }

  /// Both as the result (the step makes its means) and with a layer behind it.
  @Test(arguments: cases) func agreesWithOperators(one: Case) throws {
    let (layers, pixels) = (try layers(one), randomPixels(one.images * 3 * one.height * one.width, seed: 8))
    let graph = try InferenceGraph(channels: 3, height: one.height, width: one.width)
    var value = graph.input
    var expected = try Tensor(pixels, shape: [one.images, 3, one.height, one.width])
    for (index, layer) in layers.enumerated() {
      value = try layer.traced(value, in: graph)
      expected = try layer.applied(to: expected)
      guard index >= 2 else { continue }
      let plan = try graph.compile(value, batch: one.images, threads: one.threads)
      #expect(plan.steps.contains { $0.contains("-> \(one.wide)x\(one.height)x\(one.width) + conv") } == one.isFused)
      let means = try expected.mean(dims: [2, 3]).doubles()
      for _ in 0..<2 {
        let own = try imageMeans(plan, pixels, features: value.shape[0])
        #expect(largest(own, means) < 1e-5, "layer \(index)")
      }
    }
  }

  /// In bf16 the two are one step where the CPU multiplies in it.
  @Test(arguments: cases) func agreesWithOperatorsInBF16(one: Case) throws {
    guard TensorRuntime.convolvesInBF16 else { return }
    let (layers, pixels) = (try layers(one), randomPixels(one.images * 3 * one.height * one.width, seed: 8))
    let graph = try InferenceGraph(channels: 3, height: one.height, width: one.width)
    let output = try layers.reduce(graph.input) { try $1.traced($0, in: graph) }
    let plan = try graph.compile(output, batch: one.images, precision: .bf16, threads: one.threads)
    let multiplies = plan.steps.contains { $0.contains("own AVX-512 bf16") }
    #expect(plan.steps.contains { $0.contains("+ conv") } == (one.isFused && multiplies))
    let image = try Tensor(pixels, shape: [one.images, 3, one.height, one.width])
    let expected = try layers.reduce(image) { try $1.applied(to: $0) }
    let own = try imageMeans(plan, pixels, features: output.shape[0])
    #expect(largest(own, try expected.mean(dims: [2, 3]).doubles()) < 2e-2)
    #expect(try imageMeans(plan, pixels, features: output.shape[0]) == own)
  }

  /// What lies between the two has no place in memory; where another layer reads it too, it has.
  @Test func whatLiesBetweenIsNeverStored() throws {
    let one = Case(height: 56, width: 56, kernel: 3, stride: 2, narrow: 16, wide: 96, images: 1)
    let layers = try layers(one)
    let graph = try InferenceGraph(channels: 3, height: one.height, width: one.width)
    let stem = try layers[0].traced(graph.input, in: graph)
    let expanded = try layers[1].traced(stem, in: graph)
    let output = try layers[2].traced(expanded, in: graph)
    let between = one.wide * one.height * one.width * MemoryLayout<Float>.size
    #expect(try graph.compile(output, batch: 1).memory.activations < between)

    var generator = SeededGenerator(seed: 9)
    let again = try Layer(one.wide, one.wide, kernel: 3, stride: 2, .none, &generator).traced(expanded, in: graph)
    let both = try graph.sum(output, again, activation: .none)
    let plan = try graph.compile(both, batch: 1)
    #expect(plan.memory.activations > between)
    #expect(!plan.steps.contains { $0.contains("+ conv") })
  }

  /// Plans of one graph share weights, whichever is compiled first.
  @Test func plansOfBothPrecisionsShareAGraph() throws {
    guard TensorRuntime.convolvesInBF16 else { return }
    let one = Case(height: 29, width: 31, kernel: 3, stride: 1)
    let (layers, pixels) = (try layers(one), randomPixels(one.images * 3 * one.height * one.width, seed: 8))
    var results: [[Double]] = []
    for order in [[InferencePrecision.f32, .bf16], [.bf16, .f32]] {
      let graph = try InferenceGraph(channels: 3, height: one.height, width: one.width)
      let output = try layers.reduce(graph.input) { try $1.traced($0, in: graph) }
      for precision in order {
        let plan = try graph.compile(output, batch: one.images, precision: precision, threads: one.threads)
        results.append(try imageMeans(plan, pixels, features: 24))
      }
    }
    #expect(largest(results[1], results[0]) < 2e-2)
    #expect(largest(results[2], results[1]) < 1e-2)
    // Not nearer than that: the f32 plan has the weights as the bf16 plan has packed them.
    #expect(largest(results[3], results[0]) < 2e-2)
  }
}
