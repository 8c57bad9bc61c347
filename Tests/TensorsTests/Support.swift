import Basics
import Foundation
import Tensors
import Testing
import Weights

/// An array in a golden file.
struct GoldenArray: Decodable {
  let shape: [Int]
  let values: [Double]

  func tensor() throws -> Tensor { try Tensor(values.map(Float.init), shape: shape) }
}

/// A layer's golden file, written by scripts/golden/tensors.py.
struct GoldenLayer: Decodable {
  let state: [String: GoldenArray]
  let input, output, inputGradient: GoldenArray
  let gradients: [String: GoldenArray]
  let lengths: [Int]?
  let hidden, evaluated: GoldenArray?
  let after: [String: GoldenArray]?

  func load(into module: Module) throws {
    let tensors = try state.map { try $0.value.tensor().raw(named: $0.key) }
    try module.load(tensors, file: "golden")
  }
}

func golden<Content: Decodable>(_ name: String, as type: Content.Type = Content.self) throws -> Content {
  let url = try #require(Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Golden"))
  return try JSONDecoder().decode(Content.self, from: Data(contentsOf: url))
}

/// Largest difference relative to the larger of 1 and the expected value; infinite where the shapes differ.
func difference(_ tensor: Tensor, _ expected: GoldenArray) throws -> Double {
  guard tensor.shape == expected.shape else { return .infinity }
  return largest(try tensor.doubles(), expected.values)
}

func largest(_ values: [Double], _ expected: [Double]) -> Double {
  guard values.count == expected.count else { return .infinity }
  return zip(values, expected).map { abs($0 - $1) / max(1, abs($1)) }.reduce(0) { $0.isNaN ? $0 : max($0, $1) }
}

/// Σ x·cos(index): a scalar that every element of `x` takes part in differently.
func weighted(_ x: Tensor) throws -> Tensor {
  let weights = (0..<x.count).map { cos(Double($0)) }
  return try (x * Tensor(weights, shape: x.shape).to(x.dtype)).sum()
}

/// Compares the gradients of `weighted(function(inputs))` with central differences in float64.
func expectGradients(
  _ name: String, _ inputs: [Tensor], step: Double = 1e-6, tolerance: Double = 1e-6,
  _ function: ([Tensor]) throws -> Tensor
) throws {
  let leaves = try inputs.map { try $0.to(.float64).copy().detached() }
  for leaf in leaves { leaf.requiresGrad = true }
  try weighted(function(leaves)).backward()
  for (place, leaf) in leaves.enumerated() {
    let gradient = try leaf.grad?.doubles() ?? [Double](repeating: 0, count: leaf.count)
    let values = try leaf.doubles()
    let numeric = try values.indices.map { index in
      let sides = try [step, -step].map { change in
        var moved = values
        moved[index] += change
        var all = try leaves.map { try $0.detached() }
        all[place] = try Tensor(moved, shape: leaf.shape)
        return try noGrad { try weighted(function(all)).item() }
      }
      return (sides[0] - sides[1]) / (2 * step)
    }
    #expect(largest(gradient, numeric) < tolerance, "\(name), input \(place): \(gradient) against \(numeric)")
  }
}

/// float64 values without ties or zeros.
func sample(_ shape: [Int], seed: UInt64 = 7, in range: ClosedRange<Double> = -2...2) throws -> Tensor {
  var generator = SeededGenerator(seed: seed)
  return try Tensor.uniform(shape, in: range, generator: &generator).to(.float64)
}

/// Numbers in -1...1.
func randomPixels(_ count: Int, seed: UInt64) -> [Float] {
  var generator = SeededGenerator(seed: seed)
  return (0..<count).map { _ in Float(generator.uniform() * 2 - 1) }
}

/// What a plan makes of a batch: `features` numbers per image, none of them left as it was.
func imageMeans(_ plan: InferencePlan, _ pixels: [Float], features: Int) throws -> [Double] {
  var result = [Float](repeating: .nan, count: plan.batch * features)
  try pixels.withUnsafeBufferPointer { from in
    try result.withUnsafeMutableBufferPointer { try plan.run(from, into: $0) }
  }
  return result.map(Double.init)
}
