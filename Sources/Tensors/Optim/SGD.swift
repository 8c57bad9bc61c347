import Basics
import CTorch
import Weights

/// Gradient descent with momentum, as PyTorch defines it: v ← μ·v + g, p ← p − η·v.
/// - Source: Robbins and Monro 1951; Polyak 1964; Sutskever et al. 2013 (Nesterov form).
public final class SGD: Optimizer {
  public let parameters: [Tensor]
  public var learningRate: Double
  private let momentum, weightDecay: Double
  private let nesterov: Bool
  private let buffers: [Tensor]
  private var steps = 0

  public init(
    _ parameters: [Tensor], learningRate: Double, momentum: Double = 0, weightDecay: Double = 0,
    nesterov: Bool = false
  ) throws {
    (self.parameters, self.learningRate) = (parameters, learningRate)
    (self.momentum, self.weightDecay, self.nesterov) = (momentum, weightDecay, nesterov)
    buffers = momentum == 0 ? [] : try OptimizerState.zeros(like: parameters)
  }

  public func step() throws {
    try withHandles(parameters) { parameters in
      try withHandles(buffers) { buffers in
        try check(ct_sgd_step(
          parameters, buffers, Int64(self.parameters.count), learningRate, momentum, 0, weightDecay, nesterov,
          steps == 0))
      }
    }
    steps += 1
  }

  public func state() throws -> [RawTensor] { try OptimizerState.save([("momentum", buffers)], step: steps) }

  public func load(_ tensors: [RawTensor], file: String) throws {
    steps = try OptimizerState.load(tensors, into: [("momentum", buffers)], file: file)
  }
}
