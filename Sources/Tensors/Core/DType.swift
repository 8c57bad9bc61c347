import CTorch

/// The element type of a tensor.
public enum DType: String, Sendable, CaseIterable {
  case float32, float64, bfloat16, float16, int64, int32, uint8, bool

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .bfloat16, .float16: 2
    case .uint8, .bool: 1
    }
  }

  public var isFloating: Bool {
    switch self {
    case .float32, .float64, .bfloat16, .float16: true
    case .int64, .int32, .uint8, .bool: false
    }
  }

  var code: ct_dtype {
    switch self {
    case .float32: CT_FLOAT32
    case .float64: CT_FLOAT64
    case .bfloat16: CT_BFLOAT16
    case .float16: CT_FLOAT16
    case .int64: CT_INT64
    case .int32: CT_INT32
    case .uint8: CT_UINT8
    case .bool: CT_BOOL
    }
  }

  init(code: ct_dtype) {
    self = DType.allCases.first { $0.code == code } ?? .float32
  }
}

