import Basics
import Foundation
import HDF5

/// Query and gallery vectors with their ground truth, as any program may hand them to `ieum eval`.
public struct EmbeddingFile: Sendable {
  /// `[Q, D]` and `[G, D]`, row-major, as they are (not normalised).
  public var queries: [Float]
  public var gallery: [Float]
  public var dimension: Int
  /// Relevant gallery rows of query q: `relevantRows[relevanceOffsets[q]..<relevanceOffsets[q+1]]` (CSR).
  public var relevanceOffsets: [Int]
  public var relevantRows: [Int]
  public var queryIDs: [String]?
  public var galleryIDs: [String]?
  /// `[Q]`: the gallery row to leave out of a query's ranking, -1 for none.
  public var exclude: [Int]?
  /// `[Q]`: queries of equal number are no independent draws (captions of one video); nil = told from the relevance.
  public var queryBlocks: [Int]?
  /// `[G]`: the group of each gallery row, from 0; in `v2t-grouped` a group's best row stands for it.
  public var galleryGroups: [Int]?
  /// `[Q]` and `[G]`: the fold of each row; a query ranks the gallery rows of its own fold.
  public var folds: Folds?
  /// `[B, D]`, row-major: training queries for `--rescore querybank`.
  public var querybank: [Float]?

  /// Which rows belong together where an evaluation has several galleries.
  public struct Folds: Sendable, Equatable {
    public let queries: [Int]
    public let gallery: [Int]

    public init(queries: [Int], gallery: [Int]) {
      self.queries = queries
      self.gallery = gallery
    }
  }

  public var queryCount: Int { relevanceOffsets.count - 1 }
  public var galleryCount: Int { dimension == 0 ? 0 : gallery.count / dimension }

  public init(
    queries: [Float], gallery: [Float], dimension: Int, relevant: [[Int]], queryIDs: [String]? = nil,
    galleryIDs: [String]? = nil, exclude: [Int]? = nil
  ) {
    self.queries = queries
    self.gallery = gallery
    self.dimension = dimension
    relevanceOffsets = relevant.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
    relevantRows = relevant.flatMap { $0 }
    self.queryIDs = queryIDs
    self.galleryIDs = galleryIDs
    self.exclude = exclude
  }

  /// Several galleries with their queries in one file; without groups and exclusions.
  /// - Precondition: at least one, all of one dimension.
  public init(folds parts: [EmbeddingFile]) {
    precondition(!parts.isEmpty && parts.allSatisfy { $0.dimension == parts[0].dimension }, "folds of one space")
    guard parts.count > 1 else {
      self = parts[0]
      return
    }
    var (relevant, start): ([[Int]], Int) = ([], 0)
    for part in parts {
      relevant += (0..<part.queryCount).map { query in
        part.relevantRows[part.relevanceOffsets[query]..<part.relevanceOffsets[query + 1]].map { start + $0 }
      }
      start += part.galleryCount
    }
    func names(_ lists: [[String]?]) -> [String]? { lists.contains { $0 == nil } ? nil : lists.flatMap { $0 ?? [] } }
    func labels(_ counts: [Int]) -> [Int] { counts.enumerated().flatMap { [Int](repeating: $0, count: $1) } }
    self.init(
      queries: parts.flatMap(\.queries), gallery: parts.flatMap(\.gallery), dimension: parts[0].dimension,
      relevant: relevant, queryIDs: names(parts.map(\.queryIDs)), galleryIDs: names(parts.map(\.galleryIDs)))
    folds = Folds(queries: labels(parts.map(\.queryCount)), gallery: labels(parts.map(\.galleryCount)))
  }

  /// Reads and checks an embedding file.
  /// - Throws: ``IeumError`` (data) naming the dataset and row for missing datasets, shapes that disagree,
  ///   rows out of range, NaN or infinite values.
  public static func read(_ path: String) throws -> EmbeddingFile {
    let file = try HDF5File(reading: path)
    defer { try? file.close() }
    let reader = EmbeddingReader(file: file)
    let (queries, queryCount, dimension) = try reader.vectors("queries")
    let (gallery, galleryCount, width) = try reader.vectors("gallery")
    guard width == dimension else {
      throw reader.error(
        "gallery", "has \(width) columns, but 'queries' has \(dimension)", "use one embedding space")
    }
    var read = EmbeddingFile(queries: queries, gallery: gallery, dimension: dimension, relevant: [])
    (read.relevanceOffsets, read.relevantRows) = try reader.relevance(
      queries: queryCount, gallery: galleryCount)
    read.queryIDs = try reader.names("query_ids", count: queryCount)
    read.galleryIDs = try reader.names("gallery_ids", count: galleryCount)
    read.exclude = try reader.exclusions(queries: queryCount, gallery: galleryCount)
    read.queryBlocks = try reader.numbers("query_blocks", rows: queryCount)
    read.galleryGroups = try reader.numbers("gallery_groups", rows: galleryCount)
    if let queries = try reader.numbers("query_folds", rows: queryCount),
      let gallery = try reader.numbers("gallery_folds", rows: galleryCount)
    {
      read.folds = Folds(queries: queries, gallery: gallery)
    }
    if file.exists("querybank") {
      let (bank, _, columns) = try reader.vectors("querybank")
      guard columns == dimension else {
        throw reader.error("querybank", "has \(columns) columns, but 'queries' has \(dimension)", "use one embedding space")
      }
      read.querybank = bank
    }
    return read
  }

  /// Writes the file under a temporary name and renames it when it is whole.
  /// - Throws: ``IeumError`` (system) when it cannot be written.
  public func write(to path: String) throws {
    let temporary = try AtomicFile.temporaryPath(for: path)
    do {
      let file = try HDF5File(creating: temporary)
      try file.write("queries", floats: queries, shape: [queryCount, dimension])
      try file.write("gallery", floats: gallery, shape: [galleryCount, dimension])
      try file.write(
        "relevance/indptr", ints: relevanceOffsets.map { Int64($0) }, shape: [relevanceOffsets.count])
      try file.write("relevance/indices", ints: relevantRows.map { Int64($0) }, shape: [relevantRows.count])
      if let queryIDs { try file.write("query_ids", strings: queryIDs) }
      if let galleryIDs { try file.write("gallery_ids", strings: galleryIDs) }
      for (name, rows) in [
        ("exclude", exclude), ("query_blocks", queryBlocks), ("gallery_groups", galleryGroups), ("query_folds", folds?.queries),
        ("gallery_folds", folds?.gallery),
      ] {
        if let rows { try file.write(name, ints: rows.map { Int64($0) }, shape: [rows.count]) }
      }
      if let querybank { try file.write("querybank", floats: querybank, shape: [querybank.count / dimension, dimension]) }
      try file.close()
      try AtomicFile.commit(temporary, to: path)
    } catch {
      unlink(temporary)
      throw error
    }
  }
}

/// The checks that stand between an embedding file and its use.
private struct EmbeddingReader {
  let file: HDF5File

  func error(_ place: String, _ problem: String, _ remedy: String) -> IeumError {
    IeumError(.data, problem, file: file.path, place: place, remedy: remedy)
  }

  func vectors(_ name: String) throws -> ([Float], rows: Int, dimension: Int) {
    let values = try file.readFloats(name)
    guard let shape = try file.shape(of: name), shape.count == 2, shape[0] > 0, shape[1] > 0 else {
      throw error(name, "is not a non-empty matrix", "write one row per vector")
    }
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw error(
        "\(name)[\(bad / shape[1])]", "holds \(values[bad])", "write finite values of float32 range")
    }
    return (values, shape[0], shape[1])
  }

  func relevance(queries: Int, gallery: Int) throws -> (offsets: [Int], rows: [Int]) {
    guard file.exists("relevance/indptr") else {
      let rows = try file.readInts("relevance")
      guard rows.count == queries else {
        throw error("relevance", "has \(rows.count) entries for \(queries) queries", "write one per query")
      }
      try check(rows, 0..<gallery, "relevance")
      return (Array(0...queries), rows)
    }
    let offsets = try file.readInts("relevance/indptr")
    let rows = try file.readInts("relevance/indices")
    let rising = zip(offsets, offsets.dropFirst()).allSatisfy { $0 <= $1 }
    guard offsets.count == queries + 1, offsets.first == 0, offsets.last == rows.count, rising else {
      throw error(
        "relevance/indptr", "does not rise from 0 to \(rows.count) in \(queries + 1) entries",
        "write it as the indptr of a CSR matrix [Q, G]")
    }
    try check(rows, 0..<gallery, "relevance/indices")
    return (offsets, rows)
  }

  func exclusions(queries: Int, gallery: Int) throws -> [Int]? {
    guard file.exists("exclude") else { return nil }
    let rows = try file.readInts("exclude")
    guard rows.count == queries else {
      throw error(
        "exclude", "has \(rows.count) entries for \(queries) queries", "write one per query, -1 for none")
    }
    try check(rows, -1..<gallery, "exclude")
    return rows
  }

  /// A dataset of one number, 0 or above, per row; nil where there is none.
  func numbers(_ name: String, rows: Int) throws -> [Int]? {
    guard file.exists(name) else { return nil }
    let numbers = try file.readInts(name)
    guard numbers.count == rows else {
      throw error(name, "has \(numbers.count) entries for \(rows) rows", "write one per row")
    }
    if let bad = numbers.firstIndex(where: { $0 < 0 }) {
      throw error("\(name)[\(bad)]", "is \(numbers[bad])", "number from 0")
    }
    return numbers
  }

  func names(_ name: String, count: Int) throws -> [String]? {
    guard file.exists(name) else { return nil }
    let names = try file.readStrings(name)
    guard names.count == count else {
      throw error(name, "has \(names.count) entries for \(count) rows", "write one per row")
    }
    return names
  }

  private func check(_ rows: [Int], _ allowed: Range<Int>, _ name: String) throws {
    guard let bad = rows.firstIndex(where: { !allowed.contains($0) }) else { return }
    throw error(
      "\(name)[\(bad)]", "names the gallery row \(rows[bad])",
      "rows are \(allowed.lowerBound)…\(allowed.upperBound - 1)")
  }
}
