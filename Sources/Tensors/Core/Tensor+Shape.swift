import CTorch

extension Tensor {
  /// One size may be -1: what is left.
  public func reshape(_ shape: [Int]) throws -> Tensor {
    try made { ct_reshape(handle, shape.wide, Int64(shape.count), &$0) }
  }

  public func permute(_ order: [Int]) throws -> Tensor {
    try made { ct_permute(handle, order.wide, Int64(order.count), &$0) }
  }

  public func transposed(_ first: Int, _ second: Int) throws -> Tensor {
    try made { ct_transpose(handle, Int64(first), Int64(second), &$0) }
  }

  public func squeeze(_ dim: Int) throws -> Tensor { try made { ct_squeeze(handle, Int64(dim), &$0) } }
  public func unsqueeze(_ dim: Int) throws -> Tensor { try made { ct_unsqueeze(handle, Int64(dim), &$0) } }

  /// Joins the dimensions `from` to `to`.
  public func flatten(from: Int = 0, to: Int = -1) throws -> Tensor {
    try made { ct_flatten(handle, Int64(from), Int64(to), &$0) }
  }

  /// Repeats dimensions of size 1 without copying; -1 leaves one as it is.
  public func expand(_ shape: [Int]) throws -> Tensor {
    try made { ct_expand(handle, shape.wide, Int64(shape.count), &$0) }
  }

  /// `length` entries of `dim` from `start` on.
  public func narrow(dim: Int, start: Int, length: Int) throws -> Tensor {
    try made { ct_narrow(handle, Int64(dim), Int64(start), Int64(length), &$0) }
  }

  /// One entry of `dim`, which goes away.
  public func select(dim: Int, index: Int) throws -> Tensor {
    try made { ct_select(handle, Int64(dim), Int64(index), &$0) }
  }

  /// The entries of `dim` named by `index` (int64 `[K]`).
  public func indexSelect(dim: Int, _ index: Tensor) throws -> Tensor {
    try made { ct_index_select(handle, Int64(dim), index.handle, &$0) }
  }

  /// For each place of `index` (int64), the entry of `dim` it names.
  public func gather(dim: Int, _ index: Tensor) throws -> Tensor {
    try made { ct_gather(handle, Int64(dim), index.handle, &$0) }
  }

  public static func cat(_ tensors: [Tensor], dim: Int) throws -> Tensor {
    try withHandles(tensors) { list in try made { ct_cat(list, Int64(tensors.count), Int64(dim), &$0) } }
  }

  public static func stack(_ tensors: [Tensor], dim: Int) throws -> Tensor {
    try withHandles(tensors) { list in try made { ct_stack(list, Int64(tensors.count), Int64(dim), &$0) } }
  }

  /// Pieces of the given sizes along `dim`.
  public func split(sizes: [Int], dim: Int) throws -> [Tensor] {
    var start = 0
    return try sizes.map { length in
      defer { start += length }
      return try narrow(dim: dim, start: start, length: length)
    }
  }

  /// Pieces of `size` along `dim`, the last one perhaps smaller.
  public func split(_ size: Int, dim: Int) throws -> [Tensor] {
    let total = try self.size(dim)
    return try split(sizes: stride(from: 0, to: total, by: Swift.max(size, 1)).map { Swift.min(size, total - $0) }, dim: dim)
  }

  /// Adds constant margins: (before, after) pairs from the last dimension backwards.
  public func pad(_ margins: [Int], value: Double = 0) throws -> Tensor {
    try made { ct_pad(handle, margins.wide, Int64(margins.count), value, &$0) }
  }

  /// Bool `[n, n]`, true at and below the diagonal.
  public static func lowerTriangle(_ n: Int) throws -> Tensor { try made { ct_tril_mask(Int64(n), &$0) } }
}
