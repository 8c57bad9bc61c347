import Basics
import Foundation
import Tensors
import Testing

/// 3×3 convolutions with gradients, which Winograd's filters carry out in float32, against libtorch in float64.
@Suite struct Convolution2dTests {
  struct Case: Sendable, CustomStringConvertible {
    var batch, inputs, outputs, height, width: Int
    var padding = 1
    var description: String { "\(batch)×\(inputs)→\(outputs), \(height)×\(width), padding \(padding)" }
  }

  static let cases = [
    Case(batch: 2, inputs: 32, outputs: 48, height: 28, width: 28),
    Case(batch: 3, inputs: 16, outputs: 16, height: 19, width: 25),
    Case(batch: 8, inputs: 64, outputs: 32, height: 14, width: 13, padding: 0),
    Case(batch: 9, inputs: 256, outputs: 256, height: 7, width: 7),
  ]

  private func outcome(_ test: Case, _ dtype: DType) throws -> [Tensor] {
    let x = try sample([test.batch, test.inputs, test.height, test.width]).to(.float32).to(dtype).channelsLast()
    let weight = try sample([test.outputs, test.inputs, 3, 3], seed: 8, in: -0.1...0.1).to(.float32).to(dtype)
    (x.requiresGrad, weight.requiresGrad) = (true, true)
    let y = try x.conv2d(weight: weight, padding: [test.padding])
    try weighted(y).backward()
    return [try y.detached(), try #require(x.grad), try #require(weight.grad)]
  }

  @Test(arguments: cases) func agreesWithTheLibrary(_ test: Case) throws {
    let (found, expected) = (try outcome(test, .float32), try outcome(test, .float64))
    for (index, part) in ["y", "dx", "dw"].enumerated() {
      #expect(found[index].shape == expected[index].shape)
      let apart = try (found[index].to(.float64) - expected[index]).abs().max().item()
      #expect(try apart / expected[index].abs().max().item() < 1e-5, "\(part) of \(test)")
    }
    #expect(found[0].isChannelsLast)
  }

  @Test func isTheSameAgain() throws {
    let (first, second) = (try outcome(Self.cases[0], .float32), try outcome(Self.cases[0], .float32))
    for (a, b) in zip(first, second) { #expect(try a.floats() == b.floats()) }
  }

  /// The first layers of a network that is trained further are often left as they are.
  @Test func gradientsAreForWhatWantsThem() throws {
    let x = try sample([2, 32, 28, 28]).to(.float32).channelsLast()
    let weight = try sample([32, 32, 3, 3], seed: 8).to(.float32)
    weight.requiresGrad = true
    try weighted(x.conv2d(weight: weight, padding: [1])).backward()
    #expect(weight.grad != nil && x.grad == nil)
  }
}
