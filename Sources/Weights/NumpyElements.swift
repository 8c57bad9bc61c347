import Basics
import Foundation

/// The elements of NumPy's arrays as float32.
enum NumpyElements {
  /// - Parameter type: byte order, kind and size, `<f4`, `|u1`.
  /// - Returns: nil for a type that is no number, and for fewer bytes than `count` elements need.
  static func floats(_ raw: UnsafeRawBufferPointer, _ type: String, count: Int) -> [Float]? {
    guard let size = Int(type.dropFirst(2)), let bytes = Extent.product(count, size), bytes <= raw.count else {
      return nil
    }
    let isBig = type.hasPrefix(">")
    func map<Bits: FixedWidthInteger>(_ transform: (Bits) -> Float) -> [Float] {
      [Float](unsafeUninitializedCapacity: count) { buffer, written in
        for i in 0..<count {
          let bits = raw.loadUnaligned(fromByteOffset: i * MemoryLayout<Bits>.size, as: Bits.self)
          buffer[i] = transform(isBig ? Bits(bigEndian: bits) : Bits(littleEndian: bits))
        }
        written = count
      }
    }
    switch type.dropFirst() {
    case "f2": return map(Half.float)
    case "f4": return map { (bits: UInt32) in Float(bitPattern: bits) }
    case "f8": return map { (bits: UInt64) in Float(Double(bitPattern: bits)) }
    case "i1": return map { (value: Int8) in Float(value) }
    case "i2": return map { (value: Int16) in Float(value) }
    case "i4": return map { (value: Int32) in Float(value) }
    case "i8": return map { (value: Int64) in Float(value) }
    case "u1", "b1": return map { (value: UInt8) in Float(value) }
    case "u2": return map { (value: UInt16) in Float(value) }
    case "u4": return map { (value: UInt32) in Float(value) }
    case "u8": return map { (value: UInt64) in Float(value) }
    default: return nil
    }
  }

  /// A matrix from column-major (the first index runs fastest) to row-major; other shapes as they are.
  static func rowMajor(_ values: [Float], _ shape: [Int]) -> [Float] {
    guard shape.count == 2 else { return values }
    let (rows, columns) = (shape[0], shape[1])
    return [Float](unsafeUninitializedCapacity: values.count) { buffer, written in
      values.withUnsafeBufferPointer { source in
        // Blocks of rows keep the written part in the cache.
        for block in stride(from: 0, to: rows, by: 256) {
          for column in 0..<columns {
            for row in block..<min(block + 256, rows) {
              buffer[row * columns + column] = source[column * rows + row]
            }
          }
        }
      }
      written = values.count
    }
  }
}
