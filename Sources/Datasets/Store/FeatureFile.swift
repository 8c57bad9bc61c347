import Basics
import HDF5

/// A feature file in memory: one vector per item, or (``offsets`` not nil) a sequence of vectors per item.
public struct FeatureFile: Sendable {
  public let path: String
  public let attributes: FeatureAttributes
  /// Item ids in row order, without duplicates.
  public let ids: [String]
  /// `[N, D]` row-major; with ``offsets`` the rows of all items one after the other, `[F, D]`.
  public let features: [Float]
  /// `[N+1]`: item i owns the rows `offsets[i]..<offsets[i+1]`; nil for one vector per item.
  public let offsets: [Int]?
  /// Items that could not be encoded.
  public let errors: [EncodingFailure]
  /// Items that were encoded without some of their parts (images), and why: `/partial`, where there are any.
  public let partial: [EncodingFailure]
  private let rowOf: [String: Int]

  public var dimension: Int { attributes.dimension }

  /// Reads and validates a whole feature file.
  /// - Throws: ``IeumError`` (data) for a file that is no HDF5 file, damaged, unfinished, of another format,
  ///   whose shapes disagree, with duplicate ids, or with NaN or infinite values (the id is named).
  public static func read(_ path: String) throws -> FeatureFile {
    let file = try HDF5File(reading: path)
    defer { try? file.close() }
    let read = try FeatureFile(file)
    guard try file.intAttribute("complete") == 1 else {
      throw IeumError(
        .data, "is not finished", file: path, remedy: "delete it and run the command that makes it again")
    }
    return read
  }

  /// Reads without asking for completeness: also used for shards.
  init(_ file: HDF5File) throws {
    path = file.path
    let attributes = try FeatureAttributes(from: file)
    self.attributes = attributes
    let dimension = attributes.dimension
    ids = try file.readStrings("ids")
    let sequences = file.exists("frames/features")
    let name = sequences ? "frames/features" : "features"
    let shape = try file.shape(of: name) ?? []
    offsets = sequences ? try file.readInts("frames/offsets") : nil
    let rows = offsets?.last ?? ids.count
    guard shape == [rows, dimension] else {
      throw IeumError(
        .data,
        "the shape \(shape) does not fit \(ids.count) ids, \(rows) rows, dimension \(dimension)",
        file: path, place: name, remedy: "make the file again")
    }
    features = try file.readFloats(name)
    errors = try FeatureFile.readList("errors", file)
    partial = try FeatureFile.readList("partial", file)
    rowOf = try FeatureFile.rows(of: ids, path)
    try checkOffsets()
    try checkValues()
  }

  private static func readList(_ group: String, _ file: HDF5File) throws -> [EncodingFailure] {
    guard file.exists("\(group)/ids") else { return [] }
    let ids = try file.readStrings("\(group)/ids")
    let messages = try file.readStrings("\(group)/messages")
    guard ids.count == messages.count else {
      throw IeumError(
        .data, "\(ids.count) ids but \(messages.count) messages", file: file.path, place: group,
        remedy: "make the file again")
    }
    return zip(ids, messages).map { EncodingFailure(id: $0, message: $1) }
  }

  private static func rows(of ids: [String], _ path: String) throws -> [String: Int] {
    var rows: [String: Int] = [:]
    for (row, id) in ids.enumerated() {
      guard rows.updateValue(row, forKey: id) == nil else {
        throw IeumError(
          .data, "the id '\(id)' stands there twice", file: path, place: "ids[\(row)]",
          remedy: "make the file again")
      }
    }
    return rows
  }

  private func checkOffsets() throws {
    guard let offsets else { return }
    let rising = zip(offsets, offsets.dropFirst()).allSatisfy { $0 <= $1 }
    guard offsets.count == ids.count + 1, offsets.first == 0, rising else {
      throw IeumError(
        .data, "the offsets do not rise from 0 with one more entry than there are ids", file: path,
        place: "frames/offsets", remedy: "make the file again")
    }
  }

  private func checkValues() throws {
    guard let bad = features.firstIndex(where: { !$0.isFinite }) else { return }
    let row = bad / dimension
    let item = offsets.map { offsets in (offsets.firstIndex { $0 > row } ?? 1) - 1 } ?? row
    throw IeumError(
      .data, "the features of '\(ids[item])' hold \(features[bad]) (component \(bad % dimension))",
      file: path,
      place: "row \(row)", remedy: "remove the file and extract again, or leave this item out")
  }

  /// The row number of an item.
  public func row(of id: String) -> Int? { rowOf[id] }

  /// The vectors of an item: one, or as many as its sequence has; nil when the item is not in the file.
  public func vectors(of id: String) -> ArraySlice<Float>? {
    guard let row = rowOf[id] else { return nil }
    let range = offsets.map { $0[row]..<$0[row + 1] } ?? row..<row + 1
    return features[range.lowerBound * dimension..<range.upperBound * dimension]
  }

  /// One vector per id, `[ids.count, D]` row-major; a sequence gives the mean of its vectors.
  /// - Throws: ``IeumError`` (data) naming the first id that is not in the file, with the reason where it is
  ///   known.
  public func matrix(of ids: [String]) throws -> [Float] {
    var matrix: [Float] = []
    matrix.reserveCapacity(ids.count * dimension)
    for id in ids {
      guard let vectors = vectors(of: id), !vectors.isEmpty else {
        let reason = errors.first { $0.id == id }?.message
        throw IeumError(
          .data, "there are no features of '\(id)'" + (reason.map { " (\($0))" } ?? ""), file: path,
          remedy: "leave the item out, or mend its file and extract again")
      }
      if vectors.count == dimension {
        matrix += vectors
      } else {
        matrix += mean(vectors)
      }
    }
    return matrix
  }

  private func mean(_ vectors: ArraySlice<Float>) -> [Float] {
    var sum = [Double](repeating: 0, count: dimension)
    for (offset, value) in vectors.enumerated() { sum[offset % dimension] += Double(value) }
    let count = Double(vectors.count / dimension)
    return sum.map { Float($0 / count) }
  }
}
