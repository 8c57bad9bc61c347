import Basics
import Tensors
import Testing

/// Layers and their gradients against PyTorch (scripts/golden/tensors.py).
@Suite struct LayerTests {
  private func compare<Network: Module>(
    _ name: String, _ make: (inout SeededGenerator) throws -> Network,
    _ forward: (Network, Tensor, GoldenLayer) throws -> Tensor
  ) throws -> (GoldenLayer, Network) {
    let expected: GoldenLayer = try golden(name)
    var generator = SeededGenerator(seed: 1)
    let module = try make(&generator)
    try expected.load(into: module)
    let input = try expected.input.tensor()
    input.requiresGrad = true
    let output = try forward(module, input, expected)
    try weighted(output).backward()
    #expect(try difference(output, expected.output) < 1e-5, "\(name): output")
    #expect(try difference(#require(input.grad), expected.inputGradient) < 2e-5, "\(name): gradient of the input")
    for (parameter, tensor) in module.namedParameters() {
      let wanted = try #require(expected.gradients[parameter])
      #expect(try difference(#require(tensor.grad), wanted) < 2e-5, "\(name): gradient of \(parameter)")
    }
    #expect(expected.gradients.count == module.namedParameters().count)
    return (expected, module)
  }

  private func recurrent<Layer: RecurrentLayer>(
    _ name: String, _ make: (inout SeededGenerator) throws -> Layer
  ) throws {
    let (expected, layer) = try compare(name, make) { layer, x, golden in
      try layer(x, lengths: golden.lengths).outputs
    }
    let hidden = try layer(expected.input.tensor(), lengths: expected.lengths).hidden
    #expect(try difference(hidden, #require(expected.hidden)) < 1e-5)
  }

  @Test func rnn() throws { try recurrent("rnn") { try RNN(3, 4, generator: &$0) } }
  @Test func gru() throws { try recurrent("gru") { try GRU(3, 4, generator: &$0) } }
  @Test func lstm() throws {
    try recurrent("lstm") { try LSTM(3, 4, layers: 2, bidirectional: true, generator: &$0) }
  }

  @Test func linear() throws {
    _ = try compare("linear", { try Linear(5, 3, generator: &$0) }) { layer, x, _ in try layer(x) }
  }

  @Test func convolutions() throws {
    _ = try compare(
      "conv1d", { try Conv1d(4, 6, kernel: 3, stride: 2, padding: 2, dilation: 2, groups: 2, generator: &$0) }
    ) { layer, x, _ in try layer(x) }
    let make: (inout SeededGenerator) throws -> Conv2d = {
      try Conv2d(4, 6, kernel: [3, 2], stride: [2, 1], padding: [1, 0], groups: 2, generator: &$0)
    }
    _ = try compare("conv2d", make) { layer, x, _ in try layer(x) }
    _ = try compare("conv2d", make) { layer, x, _ in try layer(try x.channelsLast()) }
  }

  @Test func layerNorm() throws {
    _ = try compare("layernorm", { _ in try LayerNorm(6) }) { layer, x, _ in try layer(x) }
  }

  @Test func batchNorm() throws {
    let (expected, layer) = try compare("batchnorm", { _ in try BatchNorm2d(3) }) { layer, x, _ in try layer(x) }
    let after = try #require(expected.after)
    for (name, buffer) in layer.namedBuffers() {
      #expect(try difference(buffer, #require(after[name])) < 1e-5, "\(name)")
    }
    layer.train(false)
    #expect(try difference(layer(expected.input.tensor()), #require(expected.evaluated)) < 1e-5)
  }

  @Test func multiHeadAttention() throws {
    _ = try compare("attention", { try MultiHeadAttention(8, heads: 2, generator: &$0) }) { layer, x, golden in
      try layer(x, x, x, mask: lengthMask(#require(golden.lengths), steps: 5))
    }
  }

  @Test func paddingChangesNoRow() throws {
    var generator = SeededGenerator(seed: 4)
    let layer = try LSTM(3, 5, bidirectional: true, generator: &generator)
    let row = try Tensor.normal([1, 4, 3], generator: &generator)
    let noise = try Tensor.normal([1, 6, 3], generator: &generator)
    let other = try Tensor.normal([1, 10, 3], generator: &generator)
    let padded = try Tensor.cat([Tensor.cat([row, noise], dim: 1), other, other], dim: 0)
    let alone = try layer(row).last(bidirectional: true)
    let together = try layer(padded, lengths: [4, 10, 0])
    let first = try together.last(bidirectional: true).narrow(dim: 0, start: 0, length: 1)
    #expect(largest(try first.doubles(), try alone.doubles()) < 1e-6)
    #expect(try together.outputs.narrow(dim: 1, start: 4, length: 6).select(dim: 0, index: 0).abs().max().item() == 0)
    #expect(try together.last().select(dim: 0, index: 2).abs().max().item() == 0)
    #expect(throws: IeumError.self) { try layer(padded, lengths: [4, 11, 1]) }
    #expect(throws: IeumError.self) { try layer(padded, lengths: [4, 10]) }
  }

  @Test func dropoutOnlyWhileTraining() throws {
    var generator = SeededGenerator(seed: 5)
    let layer = Dropout(0.25)
    let ones = try Tensor.ones([10_000])
    let dropped = try layer(ones, generator: &generator).floats()
    let kept = dropped.filter { $0 != 0 }
    #expect(kept.allSatisfy { abs($0 - 4 / 3) < 1e-6 })
    #expect(abs(Double(kept.count) - 7500) < 200)
    layer.train(false)
    #expect(try layer(ones, generator: &generator).floats().allSatisfy { $0 == 1 })
  }

  @Test func paddingRowIsNotTrained() throws {
    var generator = SeededGenerator(seed: 6)
    let table = try Embedding(4, 2, paddingIndex: 0, generator: &generator)
    try table(Tensor([0, 1], shape: [2])).exp().sum().backward()
    let gradient = try #require(table.weight.grad).floats()
    #expect(gradient[0] == 0 && gradient[1] == 0 && gradient[2] != 0)
    #expect(try table.weight.floats().prefix(2).allSatisfy { $0 == 0 })
  }
}
