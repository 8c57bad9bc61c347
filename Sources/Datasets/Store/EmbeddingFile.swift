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
    read.queryBlocks = try reader.blocks(queries: queryCount)
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
      if let exclude { try file.write("exclude", ints: exclude.map { Int64($0) }, shape: [exclude.count]) }
      if let queryBlocks {
        try file.write("query_blocks", ints: queryBlocks.map { Int64($0) }, shape: [queryBlocks.count])
      }
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

  func blocks(queries: Int) throws -> [Int]? {
    guard file.exists("query_blocks") else { return nil }
    let blocks = try file.readInts("query_blocks")
    guard blocks.count == queries else {
      throw error("query_blocks", "has \(blocks.count) entries for \(queries) queries", "write one number per query")
    }
    return blocks
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
