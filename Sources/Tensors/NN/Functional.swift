import Basics
import CTorch

// Layers as functions: they hold no parameters.
extension Tensor {
  /// x·Wᵀ + b: `[…, In]`, weight `[Out, In]`, bias `[Out]` -> `[…, Out]`.
  public func linear(_ weight: Tensor, _ bias: Tensor? = nil) throws -> Tensor {
    try made { ct_linear(handle, weight.handle, bias?.handle, &$0) }
  }

  /// `[N, C, H, W]`, weight `[Out, C / groups, KH, KW]` -> `[N, Out, H', W']`.
  public func conv2d(
    weight: Tensor, bias: Tensor? = nil, stride: [Int] = [1, 1], padding: [Int] = [0, 0], dilation: [Int] = [1, 1],
    groups: Int = 1
  ) throws -> Tensor {
    let (stride, padding, dilation) = (try pair(stride), try pair(padding), try pair(dilation))
    return try made {
      ct_conv(handle, weight.handle, bias?.handle, stride, padding, dilation, 2, Int64(groups), &$0)
    }
  }

  /// `[N, C, L]`; `stride` defaults to the kernel.
  public func maxPool1d(kernel: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false) throws -> Tensor {
    try made {
      ct_max_pool(handle, [kernel].wide, [stride ?? kernel].wide, [padding].wide, 1, ceilMode, &$0)
    }
  }

  /// `[N, C, H, W]`; `stride` defaults to the kernel.
  public func maxPool2d(
    kernel: [Int], stride: [Int]? = nil, padding: [Int] = [0, 0], ceilMode: Bool = false
  ) throws -> Tensor {
    let (size, step, margin) = (try pair(kernel), try pair(stride ?? kernel), try pair(padding))
    return try made { ct_max_pool(handle, size, step, margin, 2, ceilMode, &$0) }
  }

  public func maxPool2d(kernel: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false) throws -> Tensor {
    try maxPool2d(kernel: [kernel], stride: stride.map { [$0] }, padding: [padding], ceilMode: ceilMode)
  }

  /// `[N, C, H, W]`; `stride` defaults to the kernel.
  public func avgPool2d(
    kernel: [Int], stride: [Int]? = nil, padding: [Int] = [0, 0], ceilMode: Bool = false,
    countIncludePad: Bool = true
  ) throws -> Tensor {
    let (size, step, margin) = (try pair(kernel), try pair(stride ?? kernel), try pair(padding))
    return try made { ct_avg_pool2d(handle, size, step, margin, ceilMode, countIncludePad, &$0) }
  }

  public func avgPool2d(
    kernel: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false, countIncludePad: Bool = true
  ) throws -> Tensor {
    try avgPool2d(
      kernel: [kernel], stride: stride.map { [$0] }, padding: [padding], ceilMode: ceilMode,
      countIncludePad: countIncludePad)
  }

  /// `[N, C, H, W]` -> `[N, C]`, the mean over all places.
  public func globalAvgPool2d() throws -> Tensor { try mean(dims: [2, 3]) }

  /// `[N, C, H, W]` -> `[N, C, height, width]`.
  public func adaptiveAvgPool2d(height: Int, width: Int) throws -> Tensor {
    try made { ct_adaptive_avg_pool2d(handle, Int64(height), Int64(width), &$0) }
  }

  /// Normalises each channel (dimension 1). When training, over the batch, and moves the running statistics
  /// in place by `momentum`; otherwise by the running statistics. Then adds `residual` and clamps to `bounds`.
  /// - Source: Ioffe and Szegedy 2015, algorithms 1 and 2.
  public func batchNorm(
    weight: Tensor?, bias: Tensor?, runningMean: Tensor?, runningVar: Tensor?, training: Bool,
    momentum: Double = 0.1, eps: Double = 1e-5, adding residual: Tensor? = nil,
    bounds: ClosedRange<Double> = -.infinity ... .infinity
  ) throws -> Tensor {
    try made {
      ct_batch_norm(
        handle, weight?.handle, bias?.handle, runningMean?.handle, runningVar?.handle, training, momentum, eps,
        residual?.handle, bounds.lowerBound, bounds.upperBound, &$0)
    }
  }

  /// Normalises over the last dimensions, as many as `weight` has.
  /// - Source: Ba, Kiros and Hinton 2016, equation 4.
  public func layerNorm(_ weight: Tensor, _ bias: Tensor?, eps: Double = 1e-5) throws -> Tensor {
    let normalised = weight.shape
    return try made {
      ct_layer_norm(
        handle, normalised.wide, Int64(normalised.count), weight.handle, bias?.handle, eps, &$0)
    }
  }

  /// Rows of this table `[V, D]` by int64 ids `[…]` -> `[…, D]`; the row `paddingIndex` gets no gradient. Ids may be on
  /// the CPU whatever the table is on.
  public func embedding(_ ids: Tensor, paddingIndex: Int? = nil) throws -> Tensor {
    let ids = try ids.to(device)
    return try made { ct_embedding(handle, ids.handle, Int64(paddingIndex ?? -1), &$0) }
  }

  /// Zeroes entries with probability `p`, scales the rest by 1 / (1 − p); the mask comes from `generator` alone.
  public func dropout(_ p: Double, generator: inout SeededGenerator) throws -> Tensor {
    p == 0 ? self : try made { ct_dropout(handle, p, generator.next(), &$0) }
  }

  private func pair(_ values: [Int]) throws -> [Int64] {
    guard values.count == 1 || values.count == 2 else {
      throw IeumError(.system, "\(values) must be one or two sizes")
    }
    return values.count == 1 ? [values[0], values[0]].wide : values.wide
  }
}
