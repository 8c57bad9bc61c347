import Basics
import CTorch
import Weights

/// Adam: steps scaled by running moments of the gradient; weight decay, if any, is added to the gradient.
/// - Source: Kingma and Ba 2015, algorithm 1.
public class Adam: Optimizer {
  public let parameters: [Tensor]
  public var learningRate: Double
  private let beta1, beta2, eps, weightDecay: Double
  private let biasCorrection: Bool
  private let means, squares: [Tensor]
  private var steps = 0

  /// Whether weight decay acts on the parameter instead of the gradient.
  fileprivate var isDecoupled: Bool { false }

  /// - Parameter biasCorrection: divide the moments by 1 − βᵗ, which they lack in the first steps; BERT's Adam does not.
  public init(
    _ parameters: [Tensor], learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
    eps: Double = 1e-8, weightDecay: Double = 0, biasCorrection: Bool = true
  ) throws {
    self.biasCorrection = biasCorrection
    (self.parameters, self.learningRate) = (parameters, learningRate)
    (self.beta1, self.beta2, self.eps, self.weightDecay) = (beta1, beta2, eps, weightDecay)
    means = try OptimizerState.zeros(like: parameters)
    squares = try OptimizerState.zeros(like: parameters)
  }

  public func step() throws {
    steps += 1
    // After so many steps the correction is 1.
    let corrected = biasCorrection ? steps : 1 << 40
    try withHandles(parameters) { parameters in
      try withHandles(means) { means in
        try withHandles(squares) { squares in
          try check(ct_adam_step(
            parameters, means, squares, Int64(self.parameters.count), Int64(corrected), learningRate, beta1, beta2, eps,
            weightDecay, isDecoupled))
        }
      }
    }
  }

  private var groups: [(String, [Tensor])] { [("mean", means), ("square", squares)] }

  public func state() throws -> [RawTensor] { try OptimizerState.save(groups, step: steps) }

  public func load(_ tensors: [RawTensor], file: String) throws {
    steps = try OptimizerState.load(tensors, into: groups, file: file)
  }
}

/// Adam with decoupled weight decay: p ← p·(1 − η·λ) before each step.
/// - Source: Loshchilov and Hutter 2019, algorithm 2.
public final class AdamW: Adam {
  override fileprivate var isDecoupled: Bool { true }

  public override init(
    _ parameters: [Tensor], learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
    eps: Double = 1e-8, weightDecay: Double = 0.01, biasCorrection: Bool = true
  ) throws {
    try super.init(
      parameters, learningRate: learningRate, beta1: beta1, beta2: beta2, eps: eps, weightDecay: weightDecay,
      biasCorrection: biasCorrection)
  }
}
