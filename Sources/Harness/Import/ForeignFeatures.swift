import Basics
import Datasets
import Foundation
import HDF5
import Weights

/// Features as another program stored them, brought to vectors of one length.
struct ForeignFeatures {
  struct Row {
    let id: String
    /// `[F, D]` row-major; empty where the file has nothing.
    let values: [Float]
  }

  let path: String
  let digest: String
  private(set) var rows: [Row] = []
  /// Numbers in a vector; nil as long as there is none.
  private(set) var dimension: Int?
  /// Whether an item has other than one vector.
  private(set) var hasSequences = false

  private init(_ path: String, digest: String) { (self.path, self.digest) = (path, digest) }

  /// - Throws: ``IeumError`` (data) for a vector of another length, or an array of other than one to three dimensions.
  private mutating func add(_ id: String, shape: [Int], values: [Float]) throws {
    func fault(_ problem: String, _ remedy: String) -> IeumError {
      IeumError(.data, problem, file: path, place: "entry '\(id)'", remedy: remedy)
    }
    guard !values.isEmpty else { return rows.append(Row(id: id, values: [])) }
    guard (1...3).contains(shape.count), let width = shape.last else {
      throw fault("has the shape \(shape)", "store [D], or [F, D] for a sequence of vectors")
    }
    if let dimension, dimension != width {
      throw fault("has vectors of \(width), others of \(dimension)", "store one kind of feature in a file")
    }
    dimension = width
    if values.count != width { hasSequences = true }
    rows.append(Row(id: id, values: values))
  }

  // MARK: Pickles and arrays

  /// - Parameter ids: the list that names the rows of a `.npy`.
  static func file(_ path: String, ids: String?) throws -> ForeignFeatures {
    if try PickleTable.isPickle(path) {
      guard ids == nil else {
        throw IeumError(.usage, "a pickle names its items itself", file: path, place: "--ids", remedy: "leave it out")
      }
      return try pickle(path)
    }
    let array = try NumpyArray.read(path)
    guard let ids else {
      throw IeumError(
        .usage, "the rows of an array have no names", file: path, place: "--ids", remedy: "name a file with one id a line")
    }
    let names = try IDList.read(ids)
    guard (2...3).contains(array.shape.count), array.shape[0] == names.count else {
      throw IeumError(
        .data, "has the shape \(array.shape) for \(names.count) ids", file: path, remedy: "give the list that belongs to it")
    }
    var features = ForeignFeatures(path, digest: try Digest.ofFile(path) + (try Digest.ofFile(ids)))
    try features.add(array, rows: Array(names.enumerated()))
    return features
  }

  private mutating func add(_ array: NumpyArray, rows: [(offset: Int, element: String)]) throws {
    let size = array.shape.dropFirst().reduce(1, *)
    for (row, id) in rows {
      try add(id, shape: Array(array.shape.dropFirst()), values: Array(array.values[row * size..<(row + 1) * size]))
    }
  }

  /// An array of an id is its vector or sequence; of a list of arrays the k-th belongs to sentence `ID#k`.
  private static func pickle(_ path: String) throws -> ForeignFeatures {
    let table = try PickleTable.read(path)
    var features = ForeignFeatures(path, digest: table.digest)
    let entries = try table.arrays()
    let lists = table.hasLists()
    for (id, arrays) in entries {
      if arrays.isEmpty { try features.add(id, shape: [], values: []) }
      for (number, array) in arrays.enumerated() {
        let name = lists ? DatasetItem.captionID(id, number) : id
        try features.add(name, shape: array.shape, values: array.values)
      }
    }
    return features
  }

  // MARK: The arrays of vsepp

  static func rows(of dataset: Dataset) throws -> ForeignFeatures {
    let arrays = Dictionary(grouping: dataset.allItems.filter { $0.featurePath != nil }) { $0.featurePath ?? "" }
    let paths = arrays.keys.sorted()
    guard let first = paths.first else {
      throw IeumError(
        .usage, "'\(dataset.name)' names no precomputed features", place: "--dataset", remedy: "use precomputed")
    }
    var features = ForeignFeatures(
      URL(fileURLWithPath: first).deletingLastPathComponent().path,
      digest: Digest.of(try paths.map { try Digest.ofFile($0) }.joined()))
    for path in paths {
      let array = try NumpyArray.read(path)
      let items = arrays[path] ?? []
      let numbered = items.compactMap { item in
        item.id.split(separator: "/").last.flatMap { Int($0) }.map { (offset: $0, element: item.id) }
      }
      let perPicture = try PrecomputedArrays.rowsPerPicture(path)
      try features.requireEqualRows(array, perPicture)
      try features.add(array, rows: numbered.map { ($0.offset * perPicture, $0.element) })
    }
    return features
  }

  /// With a row per sentence those of a picture are its one vector, repeated.
  private func requireEqualRows(_ array: NumpyArray, _ count: Int) throws {
    let size = array.shape.dropFirst().reduce(1, *)
    for row in 0..<array.shape[0] where row % count != 0 {
      let first = (row - row % count) * size
      guard array.values[first..<first + size] != array.values[row * size..<(row + 1) * size] else { continue }
      throw IeumError(
        .data, "row \(row) differs from row \(row - row % count), of the same picture", file: path,
        remedy: "an array with a row per sentence repeats each picture's row")
    }
  }

  // MARK: A file for every video (MMT)

  /// Every `ID.h5` below a folder; its dataset `features.EXPERT`.
  static func folder(_ path: String, expert: String?) throws -> ForeignFeatures {
    guard let expert else {
      throw IeumError(
        .usage, "the files hold the features of several experts", file: path, place: "--expert",
        remedy: "name one, as in features.EXPERT")
    }
    let names = try FileManager.default.subpathsOfDirectory(atPath: path).filter { $0.hasSuffix(".h5") }.sorted()
    guard !names.isEmpty else {
      throw IeumError(.data, "holds no .h5 files", file: path, remedy: "name the folder above v/i/d/video0.h5")
    }
    let dataset = "features.\(expert)"
    var digests: [String] = []
    var found: [(id: String, shape: [Int], values: [Float])] = []
    for name in names {
      let file = try HDF5File(reading: "\(path)/\(name)")
      defer { try? file.close() }
      let shape = file.exists(dataset) ? try file.shape(of: dataset) ?? [] : []
      let id = FileName.stem((name as NSString).lastPathComponent)
      found.append((id, shape, shape.isEmpty ? [] : try file.readFloats(dataset)))
      digests.append(try Digest.ofFile("\(path)/\(name)"))
    }
    guard found.contains(where: { !$0.values.isEmpty }) else {
      throw IeumError(
        .data, "no file has '\(dataset)'", file: path, place: "--expert", remedy: "see what they hold with h5ls")
    }
    var features = ForeignFeatures(path, digest: Digest.of(digests.joined()))
    for (id, shape, values) in found { try features.add(id, shape: shape, values: values) }
    return features
  }
}
