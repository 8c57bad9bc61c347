import Basics
import CHDF5

/// What a dataset's or attribute's elements are.
public enum HDF5Element: Sendable, Equatable {
  case integer, float, string, other

  init(_ code: Int32) {
    switch Int(code) {
    case CH_INT: self = .integer
    case CH_FLOAT: self = .float
    case CH_STRING: self = .string
    default: self = .other
    }
  }
}

// Reading and writing of datasets.
extension HDF5File {
  /// A dataset's shape (`[]` for a scalar), or nil when there is no dataset of this name.
  public func shape(of dataset: String) throws -> [Int]? {
    try description(of: dataset)?.shape
  }

  /// What a dataset holds, or nil when there is no dataset of this name.
  public func element(of dataset: String) throws -> HDF5Element? {
    try description(of: dataset)?.element
  }

  private func description(of name: String) throws -> (shape: [Int], element: HDF5Element)? {
    try withFile { file in
      let kind = try HDF5Library.check(
        ch_kind(file, name), .data, "cannot be opened", file: path, object: name,
        remedy: "make the file again, in the file format of libhdf5 1.10 (h5py: without libver='latest')")
      guard kind == Int32(CH_DATASET) else { return nil }
      var rank: Int32 = 0
      var element: Int32 = 0
      var dims = [UInt64](repeating: 0, count: Int(CH_MAX_RANK))
      let status = ch_shape(file, name, &rank, &dims, &element)
      try HDF5Library.check(status, .data, "its shape cannot be read", file: path, object: name)
      // No file holds 2⁶³ rows: what a damaged one claims is refused where it is read.
      return (dims.prefix(Int(rank)).map { Int(clamping: $0) }, HDF5Element(element))
    }
  }

  /// All elements in row-major order, converted from any float or integer type.
  /// - Throws: ``IeumError`` (data) when there is no such dataset, it holds no numbers, or it is damaged
  ///   (a checksum that does not fit).
  public func readFloats(_ name: String) throws -> [Float] { try read(name, CH_F32, 0, nil) }

  /// The rows `rows` (of the first dimension) in row-major order.
  public func readFloats(_ name: String, rows: Range<Int>) throws -> [Float] {
    try read(name, CH_F32, 0, rows)
  }

  /// As ``readFloats(_:)``, in double precision.
  public func readDoubles(_ name: String) throws -> [Double] { try read(name, CH_F64, 0, nil) }

  /// All elements of a dataset of integers in row-major order.
  /// - Throws: ``IeumError`` (data) as ``readFloats(_:)``, and when the dataset holds floats.
  public func readInts(_ name: String) throws -> [Int] {
    guard try description(of: name)?.element != .float else {
      throw IeumError(
        .data, "holds floats where integers are needed", file: path, place: name, remedy: "write integers")
    }
    return try read(name, CH_I64, Int64(0), nil).map { Int($0) }
  }

  private func read<T: Numeric>(_ name: String, _ type: Int, _ zero: T, _ rows: Range<Int>?) throws -> [T] {
    guard let (shape, element) = try description(of: name) else { throw missing(name) }
    guard element == .integer || element == .float else {
      throw IeumError(.data, "does not hold numbers", file: path, place: name, remedy: "write numbers there")
    }
    var wanted = shape
    if let rows {
      guard !shape.isEmpty, rows.lowerBound >= 0, rows.upperBound <= shape[0] else {
        throw IeumError(.data, "has no rows \(rows) (its shape is \(shape))", file: path, place: name)
      }
      wanted[0] = rows.count
    }
    let count = try elements(wanted, name)
    try checkStorage(try elements(shape, name), name)
    var values = [T](repeating: zero, count: count)
    guard !values.isEmpty else { return [] }
    try perform(.data, "cannot be read", name) { file in
      values.withUnsafeMutableBytes {
        ch_read(
          file, name, Int32(type), Int64(rows?.lowerBound ?? 0), Int64(rows?.count ?? -1), $0.baseAddress)
      }
    }
    return values
  }

  /// The number of elements of a shape; a damaged file can claim more than there is memory for.
  private func elements(_ shape: [Int], _ name: String) throws -> Int {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow, product < 1 << 40 else {
        throw IeumError(
          .data, "has the impossible shape \(shape)", file: path, place: name, remedy: "make it again")
      }
      count = product
    }
    return count
  }

  /// A few damaged bytes can claim more elements than the file has bytes for; memory is asked for only after this.
  private func checkStorage(_ count: Int, _ name: String) throws {
    try withFile { file in
      var room: UInt64 = 0
      let status = ch_most_elements(file, name, &room)
      try HDF5Library.check(status, .data, "its size cannot be read", file: path, object: name)
      guard UInt64(count) <= room else {
        throw IeumError(
          .data, "claims \(count) elements, but the file holds no more than \(room)", file: path, place: name,
          remedy: "make the file again")
      }
    }
  }

  /// All strings of a dataset, of variable or fixed length.
  /// - Throws: ``IeumError`` (data) when there is no such dataset, it holds no strings, or a string is not
  ///   UTF-8 (the row is named).
  public func readStrings(_ name: String) throws -> [String] {
    guard exists(name) else { throw missing(name) }
    return try withFile { file in
      let (status, strings) = HDF5Library.collectStrings { ch_read_strings(file, name, $0, $1) }
      try HDF5Library.check(
        status, .data, "cannot be read", file: path, object: name, remedy: "make the file again")
      return try decoded(strings, name)
    }
  }

  func decoded(_ strings: [String?], _ place: String) throws -> [String] {
    try strings.enumerated().map { row, text in
      guard let text else {
        throw IeumError(
          .data, "the string is not valid UTF-8", file: path, place: "\(place)[\(row)]",
          remedy: "write it as UTF-8")
      }
      return text
    }
  }

  private func missing(_ name: String) -> IeumError {
    let there = (try? groups(in: "/"))?.joined(separator: ", ") ?? ""
    return IeumError(
      .data, "there is no dataset '\(name)'", file: path,
      remedy: "the file holds: \(there.isEmpty ? "nothing" : there)")
  }

  /// Writes float32 values, row-major; `half` stores them as float16.
  public func write(_ name: String, floats: [Float], shape: [Int], half: Bool = false) throws {
    try write(name, floats, shape, half ? CH_F16 : CH_F32, CH_F32)
  }

  public func write(_ name: String, doubles: [Double], shape: [Int]) throws {
    try write(name, doubles, shape, CH_F64, CH_F64)
  }

  public func write(_ name: String, ints: [Int64], shape: [Int]) throws {
    try write(name, ints, shape, CH_I64, CH_I64)
  }

  private func write<T>(_ name: String, _ values: [T], _ shape: [Int], _ stored: Int, _ type: Int) throws {
    guard shape.reduce(1, *) == values.count, !shape.contains(where: { $0 < 0 }) else {
      throw IeumError(
        .system, "\(values.count) values do not fill the shape \(shape)", file: path, place: name)
    }
    try perform(.system, "cannot be written", name) { file in
      values.withUnsafeBytes {
        ch_write(
          file, name, Int32(stored), Int32(type), Int32(shape.count), shape.map { UInt64($0) }, $0.baseAddress
        )
      }
    }
  }

  /// Adds whole rows (row-major) to a dataset of numbers.
  public func appendRows(_ name: String, floats: [Float]) throws {
    guard let shape = try shape(of: name) else { throw missing(name) }
    let width = shape.dropFirst().reduce(1, *)
    guard width > 0, floats.count % width == 0 else {
      throw IeumError(
        .system, "\(floats.count) values are not whole rows of \(width)", file: path, place: name)
    }
    try perform(.system, "cannot be extended", name) { file in
      floats.withUnsafeBytes {
        ch_append(file, name, Int32(CH_F32), UInt64(floats.count / width), $0.baseAddress)
      }
    }
  }

  /// Writes strings `[N]` as variable-length UTF-8.
  /// - Throws: ``IeumError`` (data) for a string with a NUL in it, which the format cannot hold.
  public func write(_ name: String, strings: [String]) throws {
    try refuseNUL(strings, name)
    try perform(.system, "cannot be written", name) { file in
      withCStrings(strings) { ch_write_strings(file, name, $0, UInt64(strings.count)) }
    }
  }

  func refuseNUL(_ strings: [String], _ place: String) throws {
    if let row = strings.firstIndex(where: { $0.utf8.contains(0) }) {
      throw IeumError(
        .data, "a string with a NUL character cannot be stored", file: path, place: "\(place)[\(row)]",
        remedy: "remove the character")
    }
  }
}

/// Gives C an array of NUL-terminated strings that lives as long as the call.
func withCStrings<T>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> T) -> T {
  var bytes: [CChar] = []
  var starts: [Int] = []
  for text in strings {
    starts.append(bytes.count)
    bytes.append(contentsOf: text.utf8.map { CChar(bitPattern: $0) })
    bytes.append(0)
  }
  return bytes.withUnsafeBufferPointer { buffer in
    let pointers = starts.map { start in buffer.baseAddress.map { $0 + start } }
    return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
  }
}
