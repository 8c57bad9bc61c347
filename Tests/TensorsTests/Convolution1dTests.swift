import Basics
import Foundation
import Tensors
import Testing

/// The two own engines against libtorch's convolution, and their gradients against finite differences.
@Suite struct Convolution1dTests {
  struct Shape: Sendable, CustomStringConvertible {
    var batch, inputs, outputs, length, kernel: Int
    var padding: (left: Int, right: Int)

    static func same(_ batch: Int, _ inputs: Int, _ outputs: Int, _ length: Int, _ kernel: Int) -> Shape {
      Shape(
        batch: batch, inputs: inputs, outputs: outputs, length: length, kernel: kernel,
        padding: ((kernel - 1) / 2, kernel / 2))
    }

    var description: String { "\(batch)×\(inputs)→\(outputs), \(length), kernel \(kernel), padding \(padding)" }
  }

  static let own: [Conv1dEngine] = [.direct, .fourier]

  static let shapes: [Shape] = [
    .same(1, 1, 1, 2, 1), .same(1, 1, 3, 7, 2), .same(3, 5, 4, 31, 8), .same(2, 17, 33, 100, 16),
    .same(19, 3, 9, 20, 4), .same(37, 2, 5, 61, 9), .same(1, 20, 18, 331, 64), .same(4, 16, 48, 128, 127),
    Shape(batch: 3, inputs: 4, outputs: 6, length: 40, kernel: 11, padding: (0, 0)),
    Shape(batch: 5, inputs: 3, outputs: 2, length: 23, kernel: 6, padding: (5, 5)),
    Shape(batch: 2, inputs: 2, outputs: 3, length: 13, kernel: 12, padding: (0, 0)),
    Shape(batch: 2, inputs: 1, outputs: 8, length: 2816, kernel: 32, padding: (15, 16)),
  ]

  struct Operands {
    let x, weight, bias: Tensor

    init(_ shape: Shape, _ dtype: DType = .float32) throws {
      // The same numbers in every precision.
      x = try sample([shape.batch, shape.inputs, shape.length]).to(.float32).to(dtype)
      weight = try sample([shape.outputs, shape.inputs, shape.kernel], seed: 8, in: -1...1).to(.float32).to(dtype)
      bias = try sample([shape.outputs], seed: 9).to(.float32).to(dtype)
      for leaf in [x, weight, bias] { leaf.requiresGrad = true }
    }

    func gradients() throws -> [Tensor] { try [x, weight, bias].map { try #require($0.grad) } }
  }

  /// Result and gradients of Σ y·cos(index).
  private func outcome(_ shape: Shape, _ engine: Conv1dEngine, block: Bool, _ dtype: DType = .float32) throws -> [Tensor] {
    let operands = try Operands(shape, dtype)
    var generator = SeededGenerator(seed: 5)
    let y =
      block
      ? try operands.x.conv1dBlock(
        operands.weight, operands.bias, padding: shape.padding, dropout: 0.3, generator: &generator, engine: engine)
      : try operands.x.conv1d(operands.weight, operands.bias, padding: shape.padding, engine: engine)
    try weighted(y).backward()
    return try [y.detached()] + operands.gradients()
  }

  /// Largest difference relative to the largest value.
  private func relative(_ a: Tensor, _ b: Tensor) throws -> Double {
    guard a.shape == b.shape else { return .infinity }
    guard a.count > 0 else { return 0 }
    return try (a - b).abs().max().item() / Swift.max(b.abs().max().item(), 1e-30)
  }

  @Test func ownEnginesAgreeWithTheLibrary() throws {
    for shape in Self.shapes {
      for block in [false, true] {
        // In float64: the library's own float32 sums are no nearer to the truth than these.
        let expected = try outcome(shape, .library, block: block, .float64)
        for engine in Self.own {
          let found = try outcome(shape, engine, block: block)
          for (index, part) in ["y", "dx", "dw", "db"].enumerated() {
            let error = try relative(found[index].to(.float64), expected[index])
            #expect(error < 1e-5, "\(engine) \(shape) block \(block): \(part)")
          }
        }
      }
    }
  }

  @Test func doublePrecisionIsKept() throws {
    for shape in Self.shapes.dropLast() {
      let expected = try outcome(shape, .library, block: true, .float64)
      for engine in Self.own {
        let found = try outcome(shape, engine, block: true, .float64)
        for index in found.indices { #expect(try relative(found[index], expected[index]) < 1e-12, "\(engine) \(shape)") }
      }
    }
  }

  @Test func gradientsAreThoseOfFiniteDifferences() throws {
    for engine in Self.own {
      let inputs = [try sample([3, 2, 9]), try sample([3, 2, 4], seed: 8), try sample([3], seed: 9)]
      try expectGradients("\(engine)", inputs) {
        try $0[0].conv1d($0[1], $0[2], padding: (1, 2), engine: engine)
      }
      try expectGradients("\(engine) block", inputs) {
        var generator = SeededGenerator(seed: 3)
        return try $0[0].conv1dBlock(
          $0[1], $0[2], padding: (1, 2), dropout: 0.3, generator: &generator, engine: engine)
      }
    }
  }

  @Test func theBlockIsConvolutionThenReluPoolAndDropout() throws {
    let operands = try Operands(.same(4, 3, 5, 21, 4))
    var (a, b) = (SeededGenerator(seed: 11), SeededGenerator(seed: 11))
    let fused = try operands.x.conv1dBlock(
      operands.weight, operands.bias, padding: (1, 2), dropout: 0.5, generator: &a)
    let plain = try operands.x.conv1d(operands.weight, operands.bias, padding: (1, 2), engine: .library).relu()
      .maxPool1d(kernel: 2).dropout(0.5, generator: &b)
    #expect(fused.shape == [4, 5, 10])
    #expect(try relative(fused.detached(), plain.detached()) < 1e-6)
    let kept = try plain.detached().floats().filter { $0 > 0 }.count
    #expect((10..<190).contains(kept), "\(kept) of 200 values left")
  }

  @Test func emptyBatches() throws {
    for engine in Self.own {
      let shape = Shape.same(0, 3, 4, 10, 4)
      let operands = try Operands(shape)
      let y = try operands.x.conv1d(operands.weight, operands.bias, padding: shape.padding, engine: engine)
      #expect(y.shape == [0, 4, 10])
      try y.sum().backward()
      let gradients = try operands.gradients()
      #expect(gradients.map(\.shape) == [[0, 3, 10], [4, 3, 4], [4]])
      #expect(try gradients[1].abs().sum().item() == 0)
    }
  }

  @Test func emptyBatchesOfTheBlock() throws {
    for engine in Self.own {
      let outcome = try outcome(.same(0, 3, 4, 10, 4), engine, block: true)
      #expect(outcome.map(\.shape) == [[0, 4, 5], [0, 3, 10], [4, 3, 4], [4]])
      #expect(try outcome[2].abs().sum().item() == 0)
      #expect(try outcome[3].abs().sum().item() == 0)
    }
  }

  @Test func onlyWantedGradientsAreMade() throws {
    for engine in Self.own {
      let operands = try Operands(.same(2, 3, 4, 10, 4))
      operands.x.requiresGrad = false
      try operands.x.conv1d(operands.weight, nil, padding: (1, 2), engine: engine).sum().backward()
      #expect(operands.x.grad == nil && operands.bias.grad == nil)
      #expect(operands.weight.grad != nil)
    }
  }

  @Test func resultsDoNotDependOnThreads() throws {
    let before = TensorRuntime.threads
    defer { try? TensorRuntime.setThreads(before) }
    for engine in Self.own {
      var results: [[[Float]]] = []
      for threads in [1, 2, 3] {
        try TensorRuntime.setThreads(threads)
        results.append(try outcome(.same(13, 9, 20, 70, 16), engine, block: true).map { try $0.floats() })
      }
      #expect(results[0] == results[1] && results[0] == results[2], "\(engine)")
    }
  }

  @Test func notANumberIsNotHidden() throws {
    var values = [Float](repeating: 1, count: 16)
    values[5] = .nan
    let x = try Tensor(values, shape: [1, 1, 16])
    let weight = try Tensor([Float(-1), -1], shape: [1, 1, 2])
    var generator = SeededGenerator(seed: 1)
    for engine in Self.own {
      let y = try x.conv1dBlock(weight, nil, padding: (0, 1), dropout: 0, generator: &generator, engine: engine)
      #expect(try y.floats().contains { $0.isNaN }, "\(engine)")
    }
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let x = try Tensor.zeros([1, 2, 8])
    let weight = try Tensor.zeros([3, 2, 3])
    #expect(throws: IeumError.self) { try x.conv1d(weight, nil, padding: (3, 3), engine: .fourier) }
    #expect(throws: IeumError.self) { try x.conv1d(Tensor.zeros([3, 4, 3])) }
    var generator = SeededGenerator(seed: 1)
    for engine in Conv1dEngine.allCases {
      #expect(throws: IeumError.self) {
        try Tensor.zeros([1, 2, 3]).conv1dBlock(
          weight, nil, padding: (0, 0), dropout: 0, generator: &generator, engine: engine)
      }
    }
    #expect(throws: IeumError.self) { try x.to(.int64).conv1d(weight, padding: (0, 0), engine: .direct) }
    #expect(try x.conv1d(weight, nil, padding: (3, 3)).shape == [1, 3, 12])
  }

  @Test func theLayerUsesThemWithoutBeingAsked() throws {
    var generator = SeededGenerator(seed: 2)
    let layer = try Conv1d(3, 4, kernel: 5, padding: 2, generator: &generator)
    let x = try sample([2, 3, 30]).to(.float32)
    let expected = try x.conv1d(layer.weight, layer.bias, padding: (2, 2), engine: .library)
    #expect(try relative(layer(x), expected) < 1e-5)
    let narrow = try x.to(.bfloat16).conv1d(layer.weight.to(.bfloat16), layer.bias?.to(.bfloat16), padding: 2)
    #expect(narrow.dtype == .bfloat16)
    #expect(try relative(narrow.to(.float32), expected) < 2e-2)
  }
}
