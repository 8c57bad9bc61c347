import Basics
import Foundation

/// NumPy's `.npy`, versions 1 to 3: float16, float32 or float64 of either byte order and either memory order.
/// - Source: the format description in NumPy's `numpy/lib/format.py`.
struct NumpyArray {
  let shape: [Int]
  /// Row-major.
  let values: [Float]

  private struct Header {
    var type = ""
    var isFortran = false
    var shape: [Int] = []
  }

  static func read(_ file: FileBytes) throws -> NumpyArray {
    let place = "NumPy header"
    let version = try file.slice(6, 2, place: place)[6]
    guard (1...3).contains(version) else {
      throw file.fault("has the unknown version \(version)", place: "byte 6")
    }
    let length =
      try version == 1
      ? Int(file.integer(UInt16.self, at: 8, place: place))
      : Int(file.integer(UInt32.self, at: 8, place: place))
    let start = version == 1 ? 10 : 12
    let text = String(decoding: try file.slice(start, length, place: place), as: UTF8.self)
    let header = try parse(text, file)
    guard let count = Extent.count(header.shape), let size = Int(header.type.dropFirst(2)),
      let expected = Extent.product(count, size), [2, 4, 8].contains(size)
    else { throw file.fault("has an impossible shape \(header.shape)", place: place) }
    guard file.count - start - length == expected else {
      throw file.fault(
        "has \(file.count - start - length) bytes of data, but shape \(header.shape) of \(header.type) needs \(expected)",
        place: "byte \(start + length)")
    }
    let raw = try file.slice(start + length, expected, place: place)
    let values = try raw.withUnsafeBytes { try convert($0, header.type, count: count, file) }
    return NumpyArray(
      shape: header.shape, values: header.isFortran ? rowMajor(values, header.shape) : values)
  }

  private static func convert(
    _ raw: UnsafeRawBufferPointer, _ type: String, count: Int, _ file: FileBytes
  ) throws -> [Float] {
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
    default:
      throw file.fault(
        "holds elements of type '\(type)'", place: "NumPy header", remedy: "save it as float32")
    }
  }

  /// From column-major (the first index runs fastest) to row-major.
  private static func rowMajor(_ values: [Float], _ shape: [Int]) -> [Float] {
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

  /// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`, the only form NumPy writes.
  private static func parse(_ text: String, _ file: FileBytes) throws -> Header {
    func fault(_ key: String) -> IeumError {
      file.fault("has no valid '\(key)'", place: "NumPy header", remedy: "save it with numpy.save as float32")
    }
    func after(_ key: String) throws -> Substring {
      guard let found = text.range(of: "'\(key)':") else { throw fault(key) }
      return text[found.upperBound...].drop { $0 == " " }
    }
    var header = Header()
    let type = try after("descr").dropFirst().prefix { $0 != "'" }
    guard type.count == 3, type.hasPrefix("<f") || type.hasPrefix(">f"), ["2", "4", "8"].contains(type.last)
    else {
      throw file.fault(
        "holds elements of type '\(type.prefix(40))'", place: "NumPy header", remedy: "save it as float32")
    }
    header.type = String(type)
    let order = try after("fortran_order")
    guard order.hasPrefix("True") || order.hasPrefix("False") else { throw fault("fortran_order") }
    header.isFortran = order.hasPrefix("True")
    let shape = try after("shape")
    guard shape.hasPrefix("("), let close = shape.firstIndex(of: ")") else { throw fault("shape") }
    let fields = shape[..<close].dropFirst().split(separator: ",").map { $0.filter { $0 != " " } }
    for field in fields where !field.isEmpty {
      guard let extent = Int(field), extent >= 0 else { throw fault("shape") }
      header.shape.append(extent)
    }
    return header
  }
}
