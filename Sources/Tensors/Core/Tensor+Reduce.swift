import CTorch

extension Tensor {
  func reduce(_ op: ct_reduce_op, _ dims: [Int], _ keep: Bool) throws -> Tensor {
    try made { ct_reduce(op, handle, dims.wide, Int64(dims.count), keep, &$0) }
  }

  /// Over all elements; the result has no dimensions.
  public func sum() throws -> Tensor { try reduce(CT_SUM, [], false) }
  public func mean() throws -> Tensor { try reduce(CT_MEAN, [], false) }
  public func max() throws -> Tensor { try reduce(CT_AMAX, [], false) }
  public func min() throws -> Tensor { try reduce(CT_AMIN, [], false) }
  public func any() throws -> Tensor { try reduce(CT_ANY, [], false) }
  public func all() throws -> Tensor { try reduce(CT_ALL, [], false) }

  // Along one dimension, which goes away unless it is kept with size 1.

  public func sum(dim: Int, keepDim: Bool = false) throws -> Tensor { try reduce(CT_SUM, [dim], keepDim) }
  public func mean(dim: Int, keepDim: Bool = false) throws -> Tensor { try reduce(CT_MEAN, [dim], keepDim) }
  public func sum(dims: [Int], keepDim: Bool = false) throws -> Tensor { try reduce(CT_SUM, dims, keepDim) }
  public func mean(dims: [Int], keepDim: Bool = false) throws -> Tensor { try reduce(CT_MEAN, dims, keepDim) }
  public func any(dim: Int, keepDim: Bool = false) throws -> Tensor { try reduce(CT_ANY, [dim], keepDim) }
  public func all(dim: Int, keepDim: Bool = false) throws -> Tensor { try reduce(CT_ALL, [dim], keepDim) }
  public func argmax(dim: Int, keepDim: Bool = false) throws -> Tensor { try reduce(CT_ARGMAX, [dim], keepDim) }
  public func argmin(dim: Int, keepDim: Bool = false) throws -> Tensor { try reduce(CT_ARGMIN, [dim], keepDim) }

  /// The largest value; equal largest ones share the gradient.
  public func amax(dim: Int, keepDim: Bool = false) throws -> Tensor { try reduce(CT_AMAX, [dim], keepDim) }
  public func amin(dim: Int, keepDim: Bool = false) throws -> Tensor { try reduce(CT_AMIN, [dim], keepDim) }

  /// log Σ exp, without overflow.
  public func logSumExp(dim: Int, keepDim: Bool = false) throws -> Tensor {
    try reduce(CT_LOG_SUM_EXP, [dim], keepDim)
  }

  /// The Euclidean norm; its gradient at zero is zero.
  public func norm(dim: Int, keepDim: Bool = false) throws -> Tensor { try reduce(CT_NORM2, [dim], keepDim) }

  /// x / max(‖x‖, eps) along `dim`.
  public func l2Normalized(dim: Int = -1, eps: Double = 1e-12) throws -> Tensor {
    try self / norm(dim: dim, keepDim: true).clamp(min: eps)
  }

  /// Largest values and their places along `dim`; the gradient goes to that one place.
  public func max(dim: Int, keepDim: Bool = false) throws -> (values: Tensor, indices: Tensor) {
    try madePair { ct_extreme(handle, Int64(dim), keepDim, true, &$0, &$1) }
  }

  public func min(dim: Int, keepDim: Bool = false) throws -> (values: Tensor, indices: Tensor) {
    try madePair { ct_extreme(handle, Int64(dim), keepDim, false, &$0, &$1) }
  }

  /// The k largest (or smallest) along `dim`, sorted.
  public func topK(_ k: Int, dim: Int = -1, largest: Bool = true) throws -> (values: Tensor, indices: Tensor) {
    try madePair { ct_topk(handle, Int64(k), Int64(dim), largest, &$0, &$1) }
  }

  public func softmax(dim: Int) throws -> Tensor { try made { ct_softmax(handle, Int64(dim), false, &$0) } }
  public func logSoftmax(dim: Int) throws -> Tensor { try made { ct_softmax(handle, Int64(dim), true, &$0) } }
  public func cumulativeSum(dim: Int) throws -> Tensor { try made { ct_cumsum(handle, Int64(dim), &$0) } }
}
