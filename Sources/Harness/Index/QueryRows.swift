import Basics
import Foundation
import Ranking

/// Vectors of a file that an index is asked with, each with a name.
public struct QueryRows {
  public let vectors: [(name: String, vector: [Float])]

  /// - Parameters:
  ///   - file: default: the file that the index was built over.
  ///   - rows, ids: which of its rows; none = all queries of the file (where it has none, all rows).
  /// - Throws: ``IeumError``: data for a file of another encoder, a missing row or id.
  public init(file: String?, rows: [Int], ids: [String], of folder: IndexFolder) throws {
    guard let path = file ?? (folder.card.source.isEmpty ? nil : folder.card.source) else {
      throw IeumError(.usage, "there are no query vectors", place: "--vectors", remedy: "name a file")
    }
    let input = try IndexInput.read(path)
    if !input.encoderDigest.isEmpty, !folder.card.encoderDigest.isEmpty,
      input.encoderDigest != folder.card.encoderDigest
    {
      throw IeumError(
        .data, "was made by another encoder than the index's vectors", file: path,
        remedy: "encode the queries with the encoder of \(folder.card.source)")
    }
    if rows.isEmpty, ids.isEmpty {
      let all = input.queries ?? input.vectors
      let names = input.queries == nil ? input.ids : input.queryIDs
      vectors = (0..<all.count).map { (names?[$0] ?? "row \($0)", all.vector($0)) }
      return
    }
    let numbered = try rows.map { row -> (String, [Float]) in
      guard (0..<input.vectors.count).contains(row) else {
        throw IeumError(
          .data, "there is no row \(row)", file: path, remedy: "rows are 0…\(input.vectors.count - 1)")
      }
      return ("row \(row)", input.vectors.vector(row))
    }
    let named = try ids.map { id -> (String, [Float]) in
      guard let row = input.ids?.firstIndex(of: id) else {
        throw IeumError(.data, "there is no row '\(id)'", file: path, remedy: "see its /ids")
      }
      return (id, input.vectors.vector(row))
    }
    vectors = numbered + named
  }
}
