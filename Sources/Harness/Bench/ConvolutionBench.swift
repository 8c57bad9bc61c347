import Basics
import Models
import Tensors

/// Measures both own engines of the 1-D convolution on the layers of the text-image network, and sets their cost model's
/// expectation beside: where its rates come from, and whether they still hold.
public struct ConvolutionBench {
  public struct Row: Codable, Sendable {
    public let engine: String
    public let batch, inputs, outputs, length, kernel: Int
    /// Processor seconds of one forward pass, and of forward with all gradients: what stays comparable when others use the
    /// machine.
    public let forward, withGradients: Double
    /// What the cost model expects of the forward pass on one thread.
    public let expected: Double
  }

  private let layers: [TextImageConfiguration.Convolution]
  private let batch: Int

  public init(_ network: TextImageConfiguration = .thesis, features: Int = 2816, batch: Int) {
    self.batch = batch
    layers = network.convolutions(features: features)
  }

  /// - Parameter slowest: layers of which an engine is expected to take more seconds are left out.
  public func rows(slowest: Double) throws -> [Row] {
    try layers.flatMap { layer in
      let (inputs, outputs, length, kernel) = (layer.inputs, layer.outputs, layer.length, layer.kernel)
      let expected = Conv1dEngine.expectedSeconds(
        batch: batch, inputs: inputs, outputs: outputs, length: length, kernel: kernel)
      return try [(Conv1dEngine.direct, expected.direct), (.fourier, expected.fourier)].filter { $0.1 <= slowest }.map {
        let (forward, both) = try seconds($0.0, inputs, outputs, length, kernel)
        return Row(
          engine: $0.0.rawValue, batch: batch, inputs: inputs, outputs: outputs, length: length, kernel: kernel,
          forward: forward, withGradients: both, expected: $0.1)
      }
    }
  }

  /// The faster of two passes each.
  private func seconds(
    _ engine: Conv1dEngine, _ inputs: Int, _ outputs: Int, _ length: Int, _ kernel: Int
  ) throws -> (Double, Double) {
    var generator = SeededGenerator(seed: 1)
    let x = try Tensor.normal([batch, inputs, length], generator: &generator)
    let weight = try Tensor.normal([outputs, inputs, kernel], generator: &generator)
    (x.requiresGrad, weight.requiresGrad) = (true, true)
    func convolved() throws -> Tensor {
      try x.conv1d(weight, padding: ((kernel - 1) / 2, kernel / 2), engine: engine)
    }
    func best(_ body: () throws -> Void) throws -> Double {
      var best = Double.infinity
      for _ in 0..<2 {
        let start = Sample.processorTime()
        try body()
        best = min(best, Sample.processorTime() - start)
      }
      return best
    }
    let forward = try best { _ = try noGrad { try convolved() } }
    return (forward, try best { try convolved().sum().backward() })
  }
}
