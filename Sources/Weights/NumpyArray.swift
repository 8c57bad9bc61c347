import Basics
import Foundation

/// NumPy's `.npy`, versions 1 to 3: float16, float32 or float64 of either byte order and either memory order.
/// - Source: the format description in NumPy's `numpy/lib/format.py`.
public struct NumpyArray: Sendable {
  public let shape: [Int]
  /// Row-major.
  public let values: [Float]

  private struct Header {
    var type = ""
    var isFortran = false
    var shape: [Int] = []
  }

  /// - Throws: ``IeumError`` (data) naming file and place for a file that is cut off, of another format, or of elements
  ///   other than float16, float32 and float64.
  public static func read(_ path: String) throws -> NumpyArray { try read(opened(path)) }

  /// The shape alone.
  public static func shape(of path: String) throws -> [Int] { try layout(opened(path)).header.shape }

  private static func opened(_ path: String) throws -> FileBytes {
    let file = try FileBytes(path: path)
    guard file.starts(with: Signature.numpy) else {
      throw Signature.refusal(file, wanted: "a NumPy array (.npy)", remedy: "write it with numpy.save as float32")
    }
    return file
  }

  static func read(_ file: FileBytes) throws -> NumpyArray {
    let (header, start, count) = try layout(file)
    let raw = try file.slice(start, file.count - start, place: "NumPy data")
    guard let values = raw.withUnsafeBytes({ NumpyElements.floats($0, header.type, count: count) }) else {
      throw file.fault("holds elements of type '\(header.type)'", place: "NumPy header", remedy: "save it as float32")
    }
    guard header.isFortran else { return NumpyArray(shape: header.shape, values: values) }
    guard header.shape.count <= 2 else {
      throw file.fault(
        "is in Fortran order with \(header.shape.count) dimensions", place: "NumPy header",
        remedy: "save numpy.ascontiguousarray of it")
    }
    return NumpyArray(shape: header.shape, values: NumpyElements.rowMajor(values, header.shape))
  }

  /// The header, where the data begin, and how many elements they are.
  private static func layout(_ file: FileBytes) throws -> (header: Header, start: Int, count: Int) {
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
    return (header, start + length, count)
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
