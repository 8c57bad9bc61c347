import Basics
import CHDF5

// Attributes on the root (`/`), a group or a dataset. A missing attribute is nil; a missing object is an
// error.
extension HDF5File {
  /// A string attribute, of variable or fixed length.
  public func stringAttribute(_ name: String, on object: String = "/") throws -> String? {
    guard let strings = try stringsAttribute(name, on: object) else { return nil }
    guard strings.count == 1 else {
      throw IeumError(
        .data, "holds \(strings.count) strings where one is needed", file: path, place: place(name, object))
    }
    return strings[0]
  }

  /// An attribute that holds any number of strings.
  public func stringsAttribute(_ name: String, on object: String = "/") throws -> [String]? {
    guard let (_, element) = try attributeDescription(name, object) else { return nil }
    guard element == .string else { throw wrong(name, object, "a string") }
    return try withFile { file in
      let (status, strings) = HDF5Library.collectStrings {
        ch_read_string_attribute(file, object, name, $0, $1)
      }
      try HDF5Library.check(status, .data, "cannot be read", file: path, object: place(name, object))
      return try decoded(strings, place(name, object))
    }
  }

  /// An integer attribute.
  public func intAttribute(_ name: String, on object: String = "/") throws -> Int? {
    try number(name, object, CH_I64, Int64(0), [.integer], "an integer").map { Int($0) }
  }

  /// A number attribute; an integer is converted.
  public func doubleAttribute(_ name: String, on object: String = "/") throws -> Double? {
    try number(name, object, CH_F64, 0.0, [.integer, .float], "a number")
  }

  private func number<T: BitwiseCopyable>(
    _ name: String, _ object: String, _ type: Int, _ zero: T, _ allowed: [HDF5Element], _ what: String
  ) throws -> T? {
    guard let (count, element) = try attributeDescription(name, object) else { return nil }
    guard allowed.contains(element), count == 1 else { throw wrong(name, object, what) }
    var value = zero
    try perform(.data, "cannot be read", place(name, object)) {
      ch_read_attribute($0, object, name, Int32(type), &value)
    }
    return value
  }

  public func setAttribute(_ name: String, _ value: String, on object: String = "/") throws {
    try refuseNUL([value], place(name, object))
    try perform(.system, "cannot be written", place(name, object)) {
      ch_set_string_attribute($0, object, name, value)
    }
  }

  public func setAttribute(_ name: String, _ value: Int, on object: String = "/") throws {
    var value = Int64(value)
    try perform(.system, "cannot be written", place(name, object)) {
      ch_set_attribute($0, object, name, Int32(CH_I64), &value)
    }
  }

  public func setAttribute(_ name: String, _ value: Double, on object: String = "/") throws {
    var value = value
    try perform(.system, "cannot be written", place(name, object)) {
      ch_set_attribute($0, object, name, Int32(CH_F64), &value)
    }
  }

  public func setAttribute(_ name: String, _ values: [String], on object: String = "/") throws {
    try refuseNUL(values, place(name, object))
    try perform(.system, "cannot be written", place(name, object)) { file in
      withCStrings(values) { ch_set_strings_attribute(file, object, name, $0, UInt64(values.count)) }
    }
  }

  private func attributeDescription(_ name: String, _ object: String) throws -> (Int, HDF5Element)? {
    try withFile { file in
      let there = try HDF5Library.check(
        ch_has_attribute(file, object, name), .data, "cannot look for the attribute '\(name)'", file: path,
        object: object)
      guard there > 0 else { return nil }
      var count: UInt64 = 0
      var element: Int32 = 0
      let status = ch_attribute_shape(file, object, name, &count, &element)
      try HDF5Library.check(status, .data, "cannot be read", file: path, object: place(name, object))
      return (Int(count), HDF5Element(element))
    }
  }

  private func place(_ name: String, _ object: String) -> String {
    object == "/" ? "attribute '\(name)'" : "attribute '\(name)' of '\(object)'"
  }

  private func wrong(_ name: String, _ object: String, _ what: String) -> IeumError {
    IeumError(.data, "is not \(what)", file: path, place: place(name, object), remedy: "make the file again")
  }
}
