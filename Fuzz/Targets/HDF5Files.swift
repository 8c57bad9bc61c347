import Basics
import Foundation
import HDF5

// libhdf5 1.10 itself falls over damaged bytes (its global heap, for one), which no reader above it can prevent: these
// targets keep the container whole and let the input choose what stands in it.

/// Choices and numbers drawn from the input; zeros after its end.
struct Dice {
  private var bytes: ArraySlice<UInt8>

  init(_ data: Data) { bytes = ArraySlice(data) }

  mutating func byte() -> Int { Int(bytes.popFirst() ?? 0) }

  /// Small as a rule, now and then at the edge of what the type holds.
  mutating func int() -> Int {
    switch byte() {
    case 250...: [Int.max, .min, -1, 1 << 40, 1 << 31, -(1 << 31)][byte() % 6]
    case let small: small % 7 - 1
    }
  }

  mutating func ints(_ most: Int) -> [Int64] { (0..<byte() % (most + 1)).map { _ in Int64(int()) } }
  mutating func text() -> String {
    ["", "a", "b", "ieum-features", "image", "text", "검은새", "a\u{301}"][byte() % 8]
  }
  mutating func float() -> Float { [0, 1, -1, 0.5, .nan, .infinity, 1e38, -0.0][byte() % 8] }
}

/// Writes a file that is nearly what the reader wants.
struct HDF5Builder {
  let file: HDF5File
  var dice: Dice

  /// - Parameter input: the path of the input; the file is written beside it.
  static func made(from input: String, _ fill: (inout HDF5Builder) throws -> Void) throws -> String {
    let path = input + ".made"
    unlink(path)
    let dice = Dice(FileManager.default.contents(atPath: input) ?? Data())
    var builder = HDF5Builder(file: try HDF5File(creating: path), dice: dice)
    // What the builder cannot write is no finding of the reader.
    try? fill(&builder)
    try builder.file.close()
    return path
  }

  /// As wanted six times in eight; otherwise missing or of another type.
  mutating func attribute(_ name: String, _ value: String) throws {
    switch dice.byte() % 8 {
    case 6: return
    case 7: try file.setAttribute(name, dice.int())
    default: try file.setAttribute(name, dice.byte() % 8 == 0 ? dice.text() : value)
    }
  }

  mutating func attribute(_ name: String, _ value: Int) throws {
    switch dice.byte() % 8 {
    case 6: return
    case 7: try file.setAttribute(name, dice.text())
    default: try file.setAttribute(name, dice.byte() % 8 == 0 ? dice.int() : value)
    }
  }

  mutating func strings(_ name: String, _ count: Int) throws {
    switch dice.byte() % 8 {
    case 6: return
    case 7: try file.write(name, ints: dice.ints(4), shape: [1])
    default:
      let rows = dice.byte() % 8 == 0 ? dice.byte() % 5 : count
      try file.write(name, strings: (0..<rows).map { dice.byte() % 8 == 0 ? dice.text() : "id\($0)" })
    }
  }

  mutating func matrix(_ name: String, _ rows: Int, _ columns: Int) throws {
    switch dice.byte() % 10 {
    case 7: return
    case 8: try file.write(name, strings: [dice.text()])
    case 9:
      let shape = (0..<dice.byte() % 4).map { _ in dice.byte() % 4 }
      try file.write(name, floats: [Float](repeating: 1, count: shape.reduce(1, *)), shape: shape)
    default:
      let values = (0..<rows * columns).map { _ in dice.byte() % 16 == 0 ? dice.float() : 1 }
      try file.write(name, floats: values, shape: [rows, columns], half: dice.byte() % 4 == 0)
    }
  }

  mutating func integers(_ name: String, _ values: [Int64]) throws {
    switch dice.byte() % 8 {
    case 6: return
    case 7: try file.write(name, floats: [1], shape: [1])
    default:
      let written = dice.byte() % 4 == 0 ? dice.ints(6) : values
      try file.write(name, ints: written, shape: [written.count])
    }
  }

  mutating func features() throws {
    let (rows, columns) = (dice.byte() % 5, dice.byte() % 5)
    for (name, value) in [
      ("format", "ieum-features"), ("modality", "image"), ("dataset", ""), ("dataset_digest", ""), ("encoder", "e"),
      ("encoder_digest", "d"),
    ] { try attribute(name, value) }
    for (name, value) in [("format_version", 1), ("dimension", columns), ("complete", 1)] { try attribute(name, value) }
    try strings("ids", rows)
    if dice.byte() % 2 == 0 {
      try matrix("features", rows, columns)
    } else {
      try integers("frames/offsets", (0...rows).map { Int64($0) })
      try matrix("frames/features", rows, columns)
    }
    if dice.byte() % 2 == 0 {
      try strings("errors/ids", 2)
      try strings("errors/messages", 2)
    }
  }

  mutating func embeddings() throws {
    let (queries, gallery, columns) = (1 + dice.byte() % 4, 1 + dice.byte() % 4, 1 + dice.byte() % 3)
    try matrix("queries", queries, columns)
    try matrix("gallery", gallery, columns)
    if dice.byte() % 2 == 0 {
      try integers("relevance", (0..<queries).map { Int64($0 % gallery) })
    } else {
      try integers("relevance/indptr", (0...queries).map { Int64($0) })
      try integers("relevance/indices", (0..<queries).map { Int64($0 % gallery) })
    }
    if dice.byte() % 2 == 0 { try strings("query_ids", queries) }
    if dice.byte() % 2 == 0 { try integers("exclude", (0..<queries).map { _ in -1 }) }
  }
}
