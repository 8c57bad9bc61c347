import Basics

/// Element types that weight files may hold.
public enum RawDType: String, Sendable, Hashable, CaseIterable {
  case float32, float64, float16, bfloat16, int64, int32, uint8, bool

  /// Bytes per element.
  public var size: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .float16, .bfloat16: 2
    case .uint8, .bool: 1
    }
  }
}

/// One named tensor as it lies in a file: no library, no device, only bytes.
public struct RawTensor: Sendable, Hashable {
  public let name: String
  public let dtype: RawDType
  /// Extent of each dimension; empty for a scalar.
  public let shape: [Int]
  /// The elements, row-major, contiguous, little endian.
  public let bytes: [UInt8]

  public init(name: String, dtype: RawDType, shape: [Int], bytes: [UInt8]) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.bytes = bytes
  }

  /// A float32 tensor; `floats` is row-major of `shape`.
  public init(name: String, shape: [Int], floats: [Float]) {
    let bytes = floats.withUnsafeBytes { Array($0) }
    self.init(name: name, dtype: .float32, shape: shape, bytes: bytes)
  }

  /// An int64 tensor; `integers` is row-major of `shape`.
  public init(name: String, shape: [Int], integers: [Int64]) {
    let bytes = integers.withUnsafeBytes { Array($0) }
    self.init(name: name, dtype: .int64, shape: shape, bytes: bytes)
  }

  /// Number of elements; nil when the shape is negative or too large to count.
  public var count: Int? { Extent.count(shape) }

  /// The same tensor under another name.
  public func renamed(_ name: String) -> RawTensor {
    RawTensor(name: name, dtype: dtype, shape: shape, bytes: bytes)
  }

  /// The elements as float32, row-major. Integers beyond 2^24 and float64 are rounded to nearest.
  /// - Throws: ``IeumError`` (data) if the bytes do not fill the shape, or a finite float64 is too large for
  ///   float32.
  public func floats() throws -> [Float] {
    guard let count, count <= bytes.count, count * dtype.size == bytes.count else {
      throw IeumError(
        .data, "holds \(bytes.count) bytes, which is not shape \(shape) of \(dtype.rawValue)",
        place: "tensor '\(name)'", remedy: "write the file again")
    }
    return try bytes.withUnsafeBytes { try Self.convert($0, dtype, count: count, name: name) }
  }

  private static func convert(
    _ raw: UnsafeRawBufferPointer, _ dtype: RawDType, count: Int, name: String
  ) throws -> [Float] {
    switch dtype {
    case .float32: return map(raw, count) { (bits: UInt32) in Float(bitPattern: bits) }
    case .float16: return map(raw, count, Half.float)
    case .bfloat16: return map(raw, count) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
    case .int64: return map(raw, count) { (bits: UInt64) in Float(Int64(bitPattern: bits)) }
    case .int32: return map(raw, count) { (bits: UInt32) in Float(Int32(bitPattern: bits)) }
    case .uint8: return map(raw, count) { (value: UInt8) in Float(value) }
    case .bool: return map(raw, count) { (value: UInt8) in value == 0 ? 0 : 1 }
    case .float64:
      let values: [Float] = map(raw, count) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
      for (index, value) in values.enumerated() where value.isInfinite {
        let bits = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
        guard Double(bitPattern: bits).isInfinite else {
          throw IeumError(
            .data, "\(Double(bitPattern: bits)) is too large for float32",
            place: "tensor '\(name)', element \(index)",
            remedy: "scale the values before saving them")
        }
      }
      return values
    }
  }

  private static func map<Bits: FixedWidthInteger>(
    _ raw: UnsafeRawBufferPointer, _ count: Int, _ transform: (Bits) -> Float
  ) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, written in
      for i in 0..<count {
        let bits = raw.loadUnaligned(fromByteOffset: i * MemoryLayout<Bits>.size, as: Bits.self)
        buffer[i] = transform(Bits(littleEndian: bits))
      }
      written = count
    }
  }
}

/// IEEE 754 half precision by its bits, exact (the same on every processor).
enum Half {
  static func float(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1f
    let fraction = UInt32(bits & 0x3ff)
    switch exponent {
    case 0x1f: return Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
    case 0:
      let magnitude = Float(fraction) * 0x1p-24
      return sign == 0 ? magnitude : -magnitude
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}

/// Shape arithmetic that cannot overflow.
enum Extent {
  /// Product of the extents; nil when one is negative or the product does not fit.
  static func count(_ shape: [Int]) -> Int? {
    guard shape.allSatisfy({ $0 >= 0 }) else { return nil }
    if shape.contains(0) { return 0 }
    return shape.reduce(Optional(1)) { product, extent in product.flatMap { Extent.product($0, extent) } }
  }

  static func product(_ a: Int, _ b: Int) -> Int? {
    let (value, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? nil : value
  }

  static func sum(_ a: Int, _ b: Int) -> Int? {
    let (value, overflow) = a.addingReportingOverflow(b)
    return overflow ? nil : value
  }
}
