import Basics
import Tensors

/// A frozen convolutional network compiled for the CPU: its natural micro-batch, and single images for what is left.
///
/// An image's features come out the same whichever others it is encoded with, to rounding; they are the same bits
/// for the same division into micro-batches.
final class CompiledNetwork {
  let precision: InferencePrecision
  private let trunk: TracedMap
  private var plans: [Int: InferencePlan] = [:]
  private var threads = TensorRuntime.threads

  /// - Throws: ``IeumError`` (system) naming the layer that has no fast implementation on this CPU.
  init(_ network: some ConvolutionalNetwork, side: Int, precision: InferencePrecision) throws {
    self.precision = precision
    trunk = try TracedMap.trunk(of: network, side: side)
    _ = try plan(for: batch)
  }

  /// Images of a micro-batch.
  var batch: Int { trunk.graph.naturalBatch }

  /// What the plan of a micro-batch consists of, a line per step.
  func steps() throws -> [String] { try plan(for: batch).steps }

  func profile(_ on: Bool) throws -> [Stage] { try plan(for: batch).profile(on) }

  /// - Parameter pixels: `[count, 3, S, S]`.
  /// - Returns: `[count, D]`.
  func encode(_ pixels: [Float], count: Int) throws -> [Float] {
    let dimension = trunk.value.shape[0]
    let size = trunk.graph.input.shape.reduce(1, *)
    var features = [Float](repeating: 0, count: count * dimension)
    try pixels.withUnsafeBufferPointer { pixels in
      try features.withUnsafeMutableBufferPointer { features in
        var done = 0
        while done < count {
          let plan = try plan(for: count - done >= batch ? batch : 1)
          let next = done + plan.batch
          try plan.run(
            .init(rebasing: pixels[done * size..<next * size]),
            into: .init(rebasing: features[done * dimension..<next * dimension]))
          done = next
        }
      }
    }
    return features
  }

  private func plan(for batch: Int) throws -> InferencePlan {
    if threads != TensorRuntime.threads {
      plans = [:]
      threads = TensorRuntime.threads
    }
    if let known = plans[batch] { return known }
    let plan = try trunk.graph.compile(trunk.value, batch: batch, precision: precision, threads: threads)
    plans[batch] = plan
    return plan
  }
}
