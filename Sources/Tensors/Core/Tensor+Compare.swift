import CTorch

// Comparisons give bool tensors and have no gradient.
extension Tensor {
  public func equal(_ other: Tensor) throws -> Tensor { try Tensor.binary(CT_EQ, self, other) }
  public func equal(_ other: Double) throws -> Tensor { try Tensor.scalar(CT_EQ, self, other) }
  public func notEqual(_ other: Tensor) throws -> Tensor { try Tensor.binary(CT_NE, self, other) }
  public func notEqual(_ other: Double) throws -> Tensor { try Tensor.scalar(CT_NE, self, other) }
  public func greater(_ other: Tensor) throws -> Tensor { try Tensor.binary(CT_GT, self, other) }
  public func greater(_ other: Double) throws -> Tensor { try Tensor.scalar(CT_GT, self, other) }
  public func less(_ other: Tensor) throws -> Tensor { try Tensor.binary(CT_LT, self, other) }
  public func less(_ other: Double) throws -> Tensor { try Tensor.scalar(CT_LT, self, other) }
  public func greaterEqual(_ other: Tensor) throws -> Tensor { try Tensor.binary(CT_GE, self, other) }
  public func greaterEqual(_ other: Double) throws -> Tensor { try Tensor.scalar(CT_GE, self, other) }
  public func lessEqual(_ other: Tensor) throws -> Tensor { try Tensor.binary(CT_LE, self, other) }
  public func lessEqual(_ other: Double) throws -> Tensor { try Tensor.scalar(CT_LE, self, other) }
  public func and(_ other: Tensor) throws -> Tensor { try Tensor.binary(CT_AND, self, other) }
  public func or(_ other: Tensor) throws -> Tensor { try Tensor.binary(CT_OR, self, other) }
  public func logicalNot() throws -> Tensor { try unary(CT_NOT) }

  /// `a` where the condition holds, `b` elsewhere; broadcasts.
  public static func `where`(_ condition: Tensor, _ a: Tensor, _ b: Tensor) throws -> Tensor {
    try made { ct_where(condition.handle, a.handle, b.handle, &$0) }
  }

  /// `value` where `mask` (bool, broadcast) is true; no gradient flows there.
  public func maskedFill(_ mask: Tensor, _ value: Double) throws -> Tensor {
    try made { ct_masked_fill(handle, mask.handle, value, &$0) }
  }

  /// Whether no element is NaN or infinite.
  public func isFinite() throws -> Bool {
    try noGrad { try unary(CT_IS_FINITE).reduce(CT_ALL, [], false).bools() == [true] }
  }
}
