import Basics
import HDF5

/// One vector per name, from a feature file of ieum or from any program that writes `/ids` and `/features`.
public struct VectorFile: Sendable {
  public let path: String
  public let dimension: Int
  public let count: Int
  private let values: [Float]
  private let rows: [String: Int]

  /// - Parameter pooling: take the mean over `/frames/features` where the file holds sequences.
  /// - Throws: ``IeumError`` (data): no `/ids`, shapes that disagree, a name that comes twice, a value that is not
  ///   finite, sequences without `pooling`.
  public static func read(_ path: String, pooling: Bool = false) throws -> VectorFile {
    let file = try HDF5File(reading: path)
    defer { try? file.close() }
    let sequences = !file.exists("features") && file.exists("frames/features")
    if sequences, !pooling {
      throw IeumError(
        .data, "holds a sequence of vectors per item", file: path, place: "frames/features",
        remedy: "use --pool to take their mean, or write /features with one vector per item")
    }
    let ids = try file.readStrings("ids")
    let name = sequences ? "frames/features" : "features"
    let values = try file.readFloats(name)
    guard let shape = try file.shape(of: name), shape.count == 2, shape[1] > 0, sequences || shape[0] == ids.count else {
      throw IeumError(.data, "is not one row for each of \(ids.count) ids", file: path, place: name, remedy: "write [N, D]")
    }
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw IeumError(
        .data, "holds \(values[bad])", file: path, place: "\(name)[\(bad / shape[1])]",
        remedy: "encode this item again, or leave it out")
    }
    let offsets = sequences ? try file.readInts("frames/offsets") : nil
    return try VectorFile(path: path, ids: ids, values: values, dimension: shape[1], offsets: offsets)
  }

  private init(path: String, ids: [String], values: [Float], dimension: Int, offsets: [Int]?) throws {
    var rows: [String: Int] = [:]
    for (row, id) in ids.enumerated() {
      guard rows.updateValue(row, forKey: KeyedTable.normal(id)) == nil else {
        throw IeumError(
          .data, "the id '\(id)' stands there twice", file: path, place: "ids[\(row)]", remedy: "write every id once")
      }
    }
    self.path = path
    self.dimension = dimension
    self.rows = rows
    count = ids.count
    self.values = try offsets.map { try VectorFile.means(values, dimension, $0, ids, path) } ?? values
  }

  private static func means(
    _ values: [Float], _ dimension: Int, _ offsets: [Int], _ ids: [String], _ path: String
  ) throws -> [Float] {
    let rising = zip(offsets, offsets.dropFirst()).allSatisfy { $0 < $1 }
    guard offsets.count == ids.count + 1, offsets.first == 0, offsets.last == values.count / dimension, rising else {
      throw IeumError(
        .data, "does not give every id its frames", file: path, place: "frames/offsets", remedy: "make the file again")
    }
    var means = [Float](repeating: 0, count: ids.count * dimension)
    for item in ids.indices {
      let frames = offsets[item]..<offsets[item + 1]
      for column in 0..<dimension {
        let sum = frames.reduce(0.0) { $0 + Double(values[$1 * dimension + column]) }
        means[item * dimension + column] = Float(sum / Double(frames.count))
      }
    }
    return means
  }

  /// The vector of the first of these names that is here.
  public func vector(_ entry: RetrievalTask.Entry) -> ArraySlice<Float>? {
    let names = [entry.name] + entry.aliases
    guard let row = names.lazy.compactMap({ rows[$0] }).first else { return nil }
    return values[(row * dimension)..<((row + 1) * dimension)]
  }
}
