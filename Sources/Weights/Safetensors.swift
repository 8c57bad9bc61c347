import Basics
import Foundation

/// Hugging Face's safetensors: u64 header length, a JSON header, then the tensors' bytes.
public enum Safetensors {
  /// Longest header that is accepted, in bytes (the limit of the reference implementation).
  static let maximumHeader = 100_000_000
  private static let metadataKey = "__metadata__"

  private static let names: [String: RawDType] = [
    "F32": .float32, "F64": .float64, "F16": .float16, "BF16": .bfloat16,
    "I64": .int64, "I32": .int32, "U8": .uint8, "BOOL": .bool,
  ]

  struct Entry {
    let name: String
    let dtype: RawDType
    let shape: [Int]
    /// Bytes from the end of the header.
    let range: Range<Int>
  }

  /// Reads a mapped file strictly: the tensors must tile the data exactly, without gap or overlap.
  static func read(_ file: FileBytes) throws -> (tensors: [RawTensor], metadata: [String: String]) {
    let length = try file.integer(UInt64.self, at: 0, place: "header length")
    guard length <= UInt64(min(maximumHeader, max(0, file.count - 8))) else {
      throw file.fault(
        "says that its header has \(length) bytes, but the file has \(file.count)", place: "byte 0")
    }
    let base = 8 + Int(length)
    let cursor = ByteCursor(file, from: 8, to: base, place: "header")
    guard case .object(let members) = try JSONHeader.parse(cursor) else {
      throw file.fault("the header is not a JSON object", place: "byte 8")
    }
    var metadata: [String: String] = [:]
    var entries: [Entry] = []
    for (name, value) in members {
      if name == metadataKey {
        metadata = try self.metadata(value, file)
      } else {
        entries.append(try entry(name, value, file, available: file.count - base))
      }
    }
    entries.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    try checkTiling(entries, file, available: file.count - base)
    let tensors = try entries.map { entry in
      let bytes = try file.slice(
        base + entry.range.lowerBound, entry.range.count, place: "tensor '\(entry.name)'")
      return RawTensor(name: entry.name, dtype: entry.dtype, shape: entry.shape, bytes: [UInt8](bytes))
    }
    return (tensors, metadata)
  }

  private static func metadata(_ value: JSONValue, _ file: FileBytes) throws -> [String: String] {
    guard case .object(let members) = value else {
      throw file.fault("\(metadataKey) is not an object of strings", place: "header")
    }
    var result: [String: String] = [:]
    for (key, value) in members {
      guard case .string(let text) = value else {
        throw file.fault("'\(key)' in \(metadataKey) is not a string", place: "header")
      }
      result[key] = text
    }
    return result
  }

  private static func entry(_ name: String, _ value: JSONValue, _ file: FileBytes, available: Int) throws
    -> Entry
  {
    let place = "tensor '\(name)'"
    guard case .object(let members) = value, Set(members.map(\.key)) == ["dtype", "shape", "data_offsets"]
    else {
      throw file.fault("its description is not exactly dtype, shape and data_offsets", place: place)
    }
    let fields = Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) })
    guard case .string(let code)? = fields["dtype"] else { throw file.fault("has no dtype", place: place) }
    guard let dtype = names[code] else {
      throw file.fault(
        "has the unknown element type '\(code)'", place: place,
        remedy: "convert it to one of \(names.keys.sorted().joined(separator: ", "))")
    }
    guard let shape = integers(fields["shape"]), let count = Extent.count(shape),
      let size = Extent.product(count, dtype.size)
    else { throw file.fault("has no valid shape", place: place) }
    guard let offsets = integers(fields["data_offsets"]), offsets.count == 2, offsets[0] >= 0,
      offsets[0] <= offsets[1]
    else { throw file.fault("has no valid data_offsets", place: place) }
    guard offsets[1] <= available else {
      throw file.fault(
        "ends at byte \(offsets[1]) of the data, which has \(available): the file is cut off", place: place)
    }
    guard offsets[1] - offsets[0] == size else {
      throw file.fault(
        "has \(offsets[1] - offsets[0]) bytes, but shape \(shape) of \(code) needs \(size)", place: place)
    }
    return Entry(name: name, dtype: dtype, shape: shape, range: offsets[0]..<offsets[1])
  }

  private static func integers(_ value: JSONValue?) -> [Int]? {
    guard case .array(let items)? = value else { return nil }
    var result: [Int] = []
    for item in items {
      guard case .integer(let number) = item else { return nil }
      result.append(number)
    }
    return result
  }

  private static func checkTiling(_ entries: [Entry], _ file: FileBytes, available: Int) throws {
    var end = 0
    for entry in entries {
      guard entry.range.lowerBound == end else {
        let problem =
          entry.range.lowerBound < end ? "overlaps the tensor before it" : "leaves a gap before it"
        throw file.fault(problem, place: "tensor '\(entry.name)', byte \(entry.range.lowerBound) of the data")
      }
      end = entry.range.upperBound
    }
    guard end == available else {
      throw file.fault(
        "has \(available - end) bytes after the last tensor", place: "byte \(file.count - available + end)")
    }
  }

  /// Writes tensors in the given order; the final name only ever holds a whole file.
  /// - Parameter metadata: stored as `__metadata__`, keys sorted, so that equal input gives equal bytes.
  /// - Throws: ``IeumError`` (data) for a repeated name or bytes that do not fill the shape; (system) when
  ///   the disk refuses.
  public static func write(_ tensors: [RawTensor], metadata: [String: String] = [:], to path: String) throws {
    let header = try header(tensors, metadata, path)
    let temporary = try AtomicFile.temporaryPath(for: path)
    do {
      guard FileManager.default.createFile(atPath: temporary, contents: nil),
        let handle = FileHandle(forWritingAtPath: temporary)
      else { throw CocoaError(.fileWriteUnknown) }
      defer { try? handle.close() }
      try handle.write(contentsOf: header)
      for tensor in tensors where !tensor.bytes.isEmpty { try handle.write(contentsOf: Data(tensor.bytes)) }
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      throw IeumError(
        .system, "cannot be written (\(error.localizedDescription))", file: path,
        remedy: "free disk space or check the folder's permissions, then run again")
    }
    try AtomicFile.commit(temporary, to: path)
  }

  private static func header(_ tensors: [RawTensor], _ metadata: [String: String], _ path: String) throws
    -> Data
  {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\(quoted(metadataKey)):{\(pairs.joined(separator: ","))}")
    }
    var seen: Set<String> = [metadataKey]
    var offset = 0
    for tensor in tensors {
      guard seen.insert(tensor.name).inserted else {
        throw IeumError(
          .data, "the name is used twice", file: path, place: "tensor '\(tensor.name)'", remedy: "rename one")
      }
      guard let count = tensor.count, count <= tensor.bytes.count,
        count * tensor.dtype.size == tensor.bytes.count
      else {
        throw IeumError(
          .data, "has \(tensor.bytes.count) bytes, which do not fill shape \(tensor.shape)", file: path,
          place: "tensor '\(tensor.name)'", remedy: "this is a fault of the program that made the tensor")
      }
      let code = names.first { $0.value == tensor.dtype }?.key ?? ""
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      let end = offset + tensor.bytes.count
      members.append(
        "\(quoted(tensor.name)):{\"dtype\":\"\(code)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
      )
      offset = end
    }
    var text = Data("{\(members.joined(separator: ","))}".utf8)
    // The data starts at a multiple of 8, so that readers can map it.
    while text.count % 8 != 0 { text.append(32) }
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) } + text
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 32:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
