import Basics
import Datasets
import Foundation
import HDF5
import Ranking

/// What an index is built over and searched with, read from a feature file, an embedding file or a file of
/// ann-benchmarks.
public struct IndexInput {
  public enum Kind: String, Sendable, Codable {
    case features, embeddings
    case annBenchmarks = "ann-benchmarks"
  }

  /// The true neighbours of each query, nearest first, as the file gives them.
  public struct Truth {
    /// `[Q, K]`, row-major.
    public let distances: [Float]
    public let width: Int
  }

  /// Which rows are relevant to which query: the retrieval task behind the vectors.
  public struct Relevance {
    public let offsets: [Int]
    public let rows: [Int]
    public let exclude: [Int]?

    func relevant(to query: Int) -> ArraySlice<Int> { rows[offsets[query]..<offsets[query + 1]] }
  }

  public let path: String
  public let kind: Kind
  /// The rows to index.
  public let vectors: VectorMatrix
  public let ids: [String]?
  public let queries: VectorMatrix?
  public let queryIDs: [String]?
  public let truth: Truth?
  public let relevance: Relevance?
  /// The metric that the file names.
  public let metric: IndexMetric?
  /// Digest of the encoder that made the vectors; empty where unknown.
  public let encoderDigest: String

  /// - Throws: ``IeumError`` (data) for a file of none of the three kinds, or a damaged one.
  public static func read(_ path: String) throws -> IndexInput {
    let file = try HDF5File(reading: path)
    if file.exists("train") {
      defer { try? file.close() }
      return try annBenchmarks(file)
    }
    let isEmbeddings = file.exists("gallery")
    try file.close()
    return isEmbeddings ? try embeddings(path) : try features(path)
  }

  private static func features(_ path: String) throws -> IndexInput {
    let file = try FeatureFile.read(path)
    let rows = file.offsets == nil ? file.features : try file.matrix(of: file.ids)
    return IndexInput(
      path: path, kind: .features, vectors: try VectorMatrix(rows, dimension: file.dimension, file: path),
      ids: file.ids, queries: nil, queryIDs: nil, truth: nil, relevance: nil, metric: nil,
      encoderDigest: file.attributes.encoderDigest)
  }

  private static func embeddings(_ path: String) throws -> IndexInput {
    let file = try EmbeddingFile.read(path)
    return IndexInput(
      path: path, kind: .embeddings,
      vectors: try VectorMatrix(file.gallery, dimension: file.dimension, file: path), ids: file.galleryIDs,
      queries: try VectorMatrix(file.queries, dimension: file.dimension, file: path), queryIDs: file.queryIDs,
      truth: nil,
      relevance: Relevance(offsets: file.relevanceOffsets, rows: file.relevantRows, exclude: file.exclude),
      metric: nil, encoderDigest: "")
  }

  private static func annBenchmarks(_ file: HDF5File) throws -> IndexInput {
    func matrix(_ name: String) throws -> VectorMatrix {
      guard let shape = try file.shape(of: name), shape.count == 2, shape[0] > 0, shape[1] > 0 else {
        throw IeumError(
          .data, "is not a non-empty matrix", file: file.path, place: name, remedy: "write one row per vector"
        )
      }
      return try VectorMatrix(try file.readFloats(name), dimension: shape[1], file: file.path)
    }
    let (train, test) = (try matrix("train"), file.exists("test") ? try matrix("test") : nil)
    if let test, test.dimension != train.dimension {
      throw IeumError(
        .data, "has \(test.dimension) columns, but 'train' has \(train.dimension)", file: file.path,
        place: "test")
    }
    var truth: Truth?
    if let test, let shape = try file.shape(of: "distances") {
      guard shape.count == 2, shape[0] == test.count else {
        throw IeumError(
          .data, "the shape \(shape) does not fit \(test.count) queries", file: file.path, place: "distances")
      }
      truth = Truth(distances: try file.readFloats("distances"), width: shape[1])
    }
    return IndexInput(
      path: file.path, kind: .annBenchmarks, vectors: train, ids: nil, queries: test, queryIDs: nil,
      truth: truth,
      relevance: nil, metric: try file.stringAttribute("distance").flatMap { try? IndexMetric.named($0) },
      encoderDigest: "")
  }

  /// The file with some of its rows taken out as queries, where it has none.
  /// - Parameters:
  ///   - count: queries; at most half of the rows.
  public func holdingOut(_ count: Int, seed: UInt64) throws -> IndexInput {
    guard queries == nil else { return self }
    guard vectors.count >= 2 else {
      throw IeumError(.data, "\(vectors.count) row(s) cannot be divided into vectors and queries", file: path)
    }
    var generator = SeededGenerator(seed: seed, purpose: "queries")
    let order = (0..<vectors.count).shuffled(using: &generator)
    let held = order.prefix(max(1, min(count, vectors.count / 2))).sorted()
    let isHeld = Set(held)
    let kept = (0..<vectors.count).filter { !isHeld.contains($0) }
    func rows(_ rows: [Int]) throws -> VectorMatrix {
      try VectorMatrix(rows.flatMap { vectors.vector($0) }, dimension: vectors.dimension, file: path)
    }
    return IndexInput(
      path: path, kind: kind, vectors: try rows(kept), ids: ids.map { ids in kept.map { ids[$0] } },
      queries: try rows(held), queryIDs: ids.map { ids in held.map { ids[$0] } }, truth: nil, relevance: nil,
      metric: metric, encoderDigest: encoderDigest)
  }
}
