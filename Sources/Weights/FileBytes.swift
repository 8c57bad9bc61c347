import Basics
import Foundation

/// A whole file, mapped where the system can, with bounds-checked little-endian access.
struct FileBytes: Sendable {
  let path: String
  /// Starts at index 0.
  let data: Data

  /// - Throws: ``IeumError`` (data) when there is no readable regular file at `path`.
  init(path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw IeumError(.data, "does not exist", file: path, remedy: "check the path, or get the file first")
    }
    let attributes = try? FileManager.default.attributesOfItem(
      atPath: (path as NSString).resolvingSymlinksInPath)
    let type = attributes?[.type] as? FileAttributeType
    guard !isFolder.boolValue, type == nil || type == .typeRegular else {
      throw IeumError(.data, "is not a regular file", file: path, remedy: "name the file itself")
    }
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch {
      throw IeumError(.data, "cannot be read", file: path, remedy: "check that you may read it")
    }
    self.path = path
  }

  var count: Int { data.count }
  var digest: String { Digest.of(data) }

  func starts(with prefix: [UInt8], at offset: Int = 0) -> Bool {
    guard offset >= 0, count - offset >= prefix.count else { return false }
    return data[offset..<offset + prefix.count].elementsEqual(prefix)
  }

  /// A view of `length` bytes from `offset`; shares the file's memory.
  /// - Throws: ``IeumError`` (data) naming `place` when they lie outside the file.
  func slice(_ offset: Int, _ length: Int, place: String) throws -> Data {
    guard offset >= 0, length >= 0, offset <= count, length <= count - offset else {
      throw cutOff(at: max(0, min(offset, count)), place: place)
    }
    return data[offset..<offset + length]
  }

  func integer<T: FixedWidthInteger & UnsignedInteger>(_: T.Type, at offset: Int, place: String) throws -> T {
    var value: T = 0
    for (index, byte) in try slice(offset, MemoryLayout<T>.size, place: place).enumerated() {
      value |= T(byte) << T(8 * index)
    }
    return value
  }

  /// Parses what `integer` found as a size or offset of this file.
  func offset(_ value: UInt64, place: String) throws -> Int {
    guard let value = Int(exactly: value), value <= count else {
      throw fault("points to byte \(value), past the end of the file (\(count) bytes)", place: place)
    }
    return value
  }

  func fault(_ problem: String, place: String? = nil, remedy: String? = nil) -> IeumError {
    IeumError(.data, problem, file: path, place: place, remedy: remedy ?? "get the file again")
  }

  func cutOff(at offset: Int, place: String? = nil) -> IeumError {
    let end = "byte \(offset)"
    return fault(
      "is cut off or damaged (the file has \(count) bytes)", place: place.map { "\($0), \(end)" } ?? end)
  }
}

/// Reads a stretch of a file from front to back.
struct ByteCursor {
  let file: FileBytes
  private(set) var position: Int
  let end: Int
  /// What is being read, for messages.
  let place: String

  init(_ file: FileBytes, from position: Int, to end: Int, place: String) {
    self.file = file
    self.position = max(0, min(position, file.count))
    self.end = max(self.position, min(end, file.count))
    self.place = place
  }

  var isAtEnd: Bool { position == end }

  mutating func byte() throws -> UInt8 {
    guard position < end else { throw file.cutOff(at: position, place: place) }
    defer { position += 1 }
    return file.data[position]
  }

  mutating func take(_ length: Int) throws -> Data {
    guard length >= 0, length <= end - position else { throw file.cutOff(at: position, place: place) }
    defer { position += length }
    return file.data[position..<position + length]
  }

  mutating func integer<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type) throws -> T {
    guard MemoryLayout<T>.size <= end - position else { throw file.cutOff(at: position, place: place) }
    defer { position += MemoryLayout<T>.size }
    return try file.integer(type, at: position, place: place)
  }

  /// The text up to the next line feed, which is consumed.
  mutating func line() throws -> String {
    guard let stop = file.data[position..<end].firstIndex(of: 10) else {
      throw file.cutOff(at: end, place: place)
    }
    let text = try text(stop - position)
    position = stop + 1
    return text
  }

  mutating func text(_ length: Int) throws -> String {
    let start = position
    guard let text = String(validating: try take(length), as: UTF8.self) else {
      throw file.fault("holds text that is not UTF-8", place: "\(place), byte \(start)")
    }
    return text
  }

  func fault(_ problem: String, remedy: String? = nil) -> IeumError {
    file.fault(problem, place: "\(place), byte \(position)", remedy: remedy)
  }
}
