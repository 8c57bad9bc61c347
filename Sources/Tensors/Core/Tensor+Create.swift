import Basics
import CTorch
import Foundation

/// A Swift type whose arrays become tensors.
public protocol TensorElement: Sendable {
  static var dtype: DType { get }
}

extension Float: TensorElement { public static var dtype: DType { .float32 } }
extension Double: TensorElement { public static var dtype: DType { .float64 } }
extension Int64: TensorElement { public static var dtype: DType { .int64 } }
extension UInt8: TensorElement { public static var dtype: DType { .uint8 } }
extension Bool: TensorElement { public static var dtype: DType { .bool } }

extension Tensor {
  /// Copies row-major values.
  /// - Throws: ``IeumError`` (system) when the values do not fill the shape.
  public convenience init<Element: TensorElement>(_ values: [Element], shape: [Int]) throws {
    let handle = try values.withUnsafeBytes { bytes in
      try Tensor.copying(bytes, dtype: Element.dtype, shape: shape)
    }
    self.init(owning: handle)
  }

  /// Int values as int64.
  public convenience init(_ values: [Int], shape: [Int]) throws {
    try self.init(values.map(Int64.init), shape: shape)
  }

  static func copying(_ bytes: UnsafeRawBufferPointer, dtype: DType, shape: [Int]) throws -> OpaquePointer {
    var wanted = dtype.size
    var overflow = shape.contains { $0 < 0 }
    for extent in shape where !overflow { (wanted, overflow) = wanted.multipliedReportingOverflow(by: extent) }
    guard !overflow, wanted == bytes.count else {
      throw IeumError(.system, "\(bytes.count / dtype.size) values do not fill the shape \(shape)")
    }
    var out: OpaquePointer?
    let placeholder: [UInt8] = [0]
    try placeholder.withUnsafeBytes { empty in
      try check(ct_tensor_from_data(
        bytes.baseAddress ?? empty.baseAddress, dtype.code, shape.wide, Int64(shape.count), &out))
    }
    guard let out else { throw IeumError(.system, "libtorch gave no result") }
    return out
  }

  /// A tensor without dimensions.
  public static func scalar(_ value: Double, dtype: DType = .float32) throws -> Tensor {
    try full([], value, dtype: dtype)
  }

  public static func full(
    _ shape: [Int], _ value: Double, dtype: DType = .float32, device: Device = .cpu
  ) throws -> Tensor {
    try made { ct_tensor_full(value, dtype.code, device.code, shape.wide, Int64(shape.count), &$0) }
  }

  public static func zeros(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) throws -> Tensor {
    try full(shape, 0, dtype: dtype, device: device)
  }

  public static func ones(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) throws -> Tensor {
    try full(shape, 1, dtype: dtype, device: device)
  }

  /// `start`, `start + step`, … below `end`.
  public static func arange(
    _ start: Double = 0, _ end: Double, step: Double = 1, dtype: DType = .int64
  ) throws -> Tensor {
    try made { ct_tensor_arange(start, end, step, dtype.code, &$0) }
  }

  /// The identity matrix `[n, n]`.
  public static func eye(_ n: Int, dtype: DType = .float32) throws -> Tensor {
    try made { ct_tensor_eye(Int64(n), dtype.code, &$0) }
  }

  /// Independent uniform float32 values in `range`; the same on every machine for the same generator.
  public static func uniform(
    _ shape: [Int], in range: ClosedRange<Double>, generator: inout SeededGenerator
  ) throws -> Tensor {
    let width = range.upperBound - range.lowerBound
    let values = (0..<shape.reduce(1, *)).map { _ in Float(range.lowerBound + width * generator.uniform()) }
    return try Tensor(values, shape: shape)
  }

  /// Independent normal float32 values of mean 0 (Box and Muller 1958).
  public static func normal(_ shape: [Int], std: Double = 1, generator: inout SeededGenerator) throws -> Tensor {
    let count = shape.reduce(1, *)
    var values: [Float] = []
    values.reserveCapacity(count + 1)
    while values.count < count {
      let radius = std * (-2 * Foundation.log(1 - generator.uniform())).squareRoot()
      let angle = 2 * Double.pi * generator.uniform()
      values.append(Float(radius * Foundation.cos(angle)))
      values.append(Float(radius * Foundation.sin(angle)))
    }
    return try Tensor(Array(values.prefix(count)), shape: shape)
  }
}
