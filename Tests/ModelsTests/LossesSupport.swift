import Basics
import Models

/// Inputs of one loss evaluation.
typealias LossArrays = [String: ([Double], [Int])]

/// The value of a loss and its gradients, defaults unless set.
func evaluate(_ name: String, _ inputs: LossArrays, _ settings: [String: Scalar] = [:]) throws -> LossEvaluation {
  try LossEvaluation.run(name: name, parameters: settings, inputs: inputs)
}

/// Standard normal rows for every input of a loss; labels alternate.
func randomInputs(_ spec: LossSpec, rows: Int, columns: Int, seed: UInt64) -> LossArrays {
  var generator = SeededGenerator(seed: seed)
  var inputs: LossArrays = [:]
  for name in spec.input.names {
    inputs[name] = ((0..<rows * columns).map { _ in normal(&generator) }, [rows, columns])
  }
  if spec.input == .labelledPairs { inputs["labels"] = ((0..<rows).map { Double($0 % 2) }, [rows]) }
  return inputs
}

func normal(_ generator: inout SeededGenerator) -> Double {
  // Sum of twelve uniforms: near enough to normal, and without logarithms.
  (0..<12).reduce(-6.0) { sum, _ in sum + generator.uniform() }
}

/// The rows of every input in another order.
func permuted(_ inputs: LossArrays, by order: [Int]) -> LossArrays {
  inputs.mapValues { values, shape in
    let width = shape.dropFirst().reduce(1, *)
    return (order.flatMap { Array(values[$0 * width..<($0 + 1) * width]) }, shape)
  }
}

func isClose(_ a: Double, _ b: Double, _ tolerance: Double = 1e-10) -> Bool {
  abs(a - b) <= tolerance * max(1, abs(a), abs(b))
}

/// The first entry at which two arrays differ, in words; nil when they agree.
func mismatch(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-10) -> String? {
  guard a.count == b.count else { return "\(a.count) entries against \(b.count)" }
  for (index, (x, y)) in zip(a, b).enumerated() where !isClose(x, y, tolerance) { return "entry \(index): \(x) against \(y)" }
  return nil
}
