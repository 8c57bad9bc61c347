import CTorch

extension Tensor {
  func unary(_ op: ct_unary_op) throws -> Tensor { try made { ct_unary(op, handle, &$0) } }

  static func binary(_ op: ct_binary_op, _ a: Tensor, _ b: Tensor) throws -> Tensor {
    try made { ct_binary(op, a.handle, b.handle, &$0) }
  }

  static func scalar(_ op: ct_binary_op, _ a: Tensor, _ b: Double, first: Bool = false) throws -> Tensor {
    try made { ct_binary_scalar(op, a.handle, b, first, &$0) }
  }

  // Operands broadcast against each other as in NumPy.

  public static func + (a: Tensor, b: Tensor) throws -> Tensor { try binary(CT_ADD, a, b) }
  public static func - (a: Tensor, b: Tensor) throws -> Tensor { try binary(CT_SUB, a, b) }
  public static func * (a: Tensor, b: Tensor) throws -> Tensor { try binary(CT_MUL, a, b) }
  public static func / (a: Tensor, b: Tensor) throws -> Tensor { try binary(CT_DIV, a, b) }
  public static func + (a: Tensor, b: Double) throws -> Tensor { try scalar(CT_ADD, a, b) }
  public static func - (a: Tensor, b: Double) throws -> Tensor { try scalar(CT_SUB, a, b) }
  public static func * (a: Tensor, b: Double) throws -> Tensor { try scalar(CT_MUL, a, b) }
  public static func / (a: Tensor, b: Double) throws -> Tensor { try scalar(CT_DIV, a, b) }
  public static func + (a: Double, b: Tensor) throws -> Tensor { try scalar(CT_ADD, b, a) }
  public static func - (a: Double, b: Tensor) throws -> Tensor { try scalar(CT_SUB, b, a, first: true) }
  public static func * (a: Double, b: Tensor) throws -> Tensor { try scalar(CT_MUL, b, a) }
  public static func / (a: Double, b: Tensor) throws -> Tensor { try scalar(CT_DIV, b, a, first: true) }
  public static prefix func - (a: Tensor) throws -> Tensor { try a.unary(CT_NEG) }

  /// Matrix product of the last two dimensions, batched over the others.
  public func matmul(_ other: Tensor) throws -> Tensor { try Tensor.binary(CT_MATMUL, self, other) }

  public func exp() throws -> Tensor { try unary(CT_EXP) }
  public func log() throws -> Tensor { try unary(CT_LOG) }
  public func sqrt() throws -> Tensor { try unary(CT_SQRT) }
  public func rsqrt() throws -> Tensor { try unary(CT_RSQRT) }
  public func abs() throws -> Tensor { try unary(CT_ABS) }
  public func square() throws -> Tensor { try unary(CT_SQUARE) }
  public func sign() throws -> Tensor { try unary(CT_SIGN) }
  public func sin() throws -> Tensor { try unary(CT_SIN) }
  public func cos() throws -> Tensor { try unary(CT_COS) }
  public func pow(_ exponent: Double) throws -> Tensor { try Tensor.scalar(CT_POW, self, exponent) }
  public func pow(_ exponent: Tensor) throws -> Tensor { try Tensor.binary(CT_POW, self, exponent) }

  public func sigmoid() throws -> Tensor { try unary(CT_SIGMOID) }
  public func logSigmoid() throws -> Tensor { try unary(CT_LOG_SIGMOID) }
  public func tanh() throws -> Tensor { try unary(CT_TANH) }
  public func relu() throws -> Tensor { try unary(CT_RELU) }
  public func relu6() throws -> Tensor { try unary(CT_RELU6) }
  /// x·σ(x), also known as Swish.
  public func silu() throws -> Tensor { try unary(CT_SILU) }
  /// x·Φ(x), exact.
  public func gelu() throws -> Tensor { try unary(CT_GELU) }
  /// The tanh approximation of ``gelu()``.
  public func geluTanh() throws -> Tensor { try unary(CT_GELU_TANH) }
  public func softplus() throws -> Tensor { try unary(CT_SOFTPLUS) }
  public func hardSwish() throws -> Tensor { try unary(CT_HARD_SWISH) }

  /// Limits the values to `min...max`; the gradient is 0 outside.
  public func clamp(min low: Double? = nil, max high: Double? = nil) throws -> Tensor {
    var lowValue = low ?? 0
    var highValue = high ?? 0
    return try withUnsafePointer(to: &lowValue) { l in
      try withUnsafePointer(to: &highValue) { h in
        try made { ct_clamp(handle, low == nil ? nil : l, high == nil ? nil : h, &$0) }
      }
    }
  }

  /// Element by element, the larger; equal values share the gradient.
  public func maximum(_ other: Tensor) throws -> Tensor { try Tensor.binary(CT_MAXIMUM, self, other) }
  public func maximum(_ other: Double) throws -> Tensor { try Tensor.scalar(CT_MAXIMUM, self, other) }
  public func minimum(_ other: Tensor) throws -> Tensor { try Tensor.binary(CT_MINIMUM, self, other) }
  public func minimum(_ other: Double) throws -> Tensor { try Tensor.scalar(CT_MINIMUM, self, other) }
}
