import Basics

/// Batch normalisation. Parameters: `weight`, `bias`; buffers: `running_mean`, `running_var`, all `[C]`.
/// - Source: Ioffe and Szegedy 2015. As in PyTorch, the running variance is the unbiased one.
open class BatchNorm: Module {
  public let weight, bias, runningMean, runningVar: Tensor
  public let momentum, eps: Double

  public init(_ channels: Int, eps: Double = 1e-5, momentum: Double = 0.1) throws {
    weight = try .ones([channels])
    bias = try .zeros([channels])
    runningMean = try .zeros([channels])
    runningVar = try .ones([channels])
    (self.eps, self.momentum) = (eps, momentum)
    super.init()
    parameter("weight", weight)
    parameter("bias", bias)
    buffer("running_mean", runningMean)
    buffer("running_var", runningVar)
  }

  /// The normalised `x`, with `residual` added and clamped to `bounds` afterwards.
  public func callAsFunction(
    _ x: Tensor, adding residual: Tensor? = nil, bounds: ClosedRange<Double> = -.infinity ... .infinity
  ) throws -> Tensor {
    try x.batchNorm(
      weight: weight, bias: bias, runningMean: runningMean, runningVar: runningVar, training: isTraining,
      momentum: momentum, eps: eps, adding: residual, bounds: bounds)
  }
}

/// Over `[N, C]` or `[N, C, L]`.
public final class BatchNorm1d: BatchNorm {}

/// Over `[N, C, H, W]`.
public final class BatchNorm2d: BatchNorm {}

/// Normalises the last dimension. Parameters: `weight`, `bias`, both `[D]`.
/// - Source: Ba, Kiros and Hinton 2016.
public final class LayerNorm: Module {
  public let weight, bias: Tensor
  public let eps: Double

  public init(_ dimension: Int, eps: Double = 1e-5) throws {
    weight = try .ones([dimension])
    bias = try .zeros([dimension])
    self.eps = eps
    super.init()
    parameter("weight", weight)
    parameter("bias", bias)
  }

  /// `[…, D]` -> `[…, D]`.
  public func callAsFunction(_ x: Tensor) throws -> Tensor { try x.layerNorm(weight, bias, eps: eps) }
}
