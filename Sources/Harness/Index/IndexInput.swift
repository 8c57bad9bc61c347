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
  /// The distance that the file names, in its own words.
  public let distance: String?
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
      ids: file.ids, queries: nil, queryIDs: nil, truth: nil, relevance: nil, distance: nil,
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
      distance: nil, encoderDigest: "")
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
    let distance = try file.stringAttribute("distance")
    return IndexInput(
      path: file.path, kind: .annBenchmarks, vectors: train, ids: nil, queries: test, queryIDs: nil,
      truth: try test.flatMap { try truth(file, train, $0, distance.flatMap { try? IndexMetric.named($0) }) },
      relevance: nil, distance: distance, encoderDigest: "")
  }

  /// What is compared is distances. Inner products and Hamming distances are computed anew from the file's neighbours:
  /// files differ in the sign of the ones and in the unit of the others.
  private static func truth(
    _ file: HDF5File, _ train: VectorMatrix, _ test: VectorMatrix, _ metric: IndexMetric?
  ) throws -> Truth? {
    let computed = metric == .dot || metric == .hamming ? metric : nil
    let name = computed == nil ? "distances" : "neighbors"
    guard let shape = try file.shape(of: name) else { return nil }
    guard shape.count == 2, shape[0] == test.count else {
      throw IeumError(
        .data, "the shape \(shape) does not fit \(test.count) queries", file: file.path, place: name)
    }
    let width = shape[1]
    guard let computed else { return Truth(distances: try file.readFloats(name), width: width) }
    let distances = try file.readInts(name).enumerated().map { place, row -> Float in
      guard (0..<train.count).contains(row) else {
        throw IeumError(
          .data, "names the row \(row) of \(train.count)", file: file.path, place: "\(name)[\(place / width)]",
          remedy: "make the file again")
      }
      let reported = computed.distance(test.row(place / width), train.row(row), train.dimension)
      return Float(computed.benchmarkDistance(reported, dimension: train.dimension))
    }
    return Truth(distances: distances, width: width)
  }

  /// The metric that the file names; nil where it names none, or one that no index here knows.
  public var metric: IndexMetric? { distance.flatMap { try? IndexMetric.named($0) } }

  /// The metric to use: the one asked for, else the file's, else angular.
  /// - Throws: ``IeumError`` (data) when none is asked for and the file's is not known here.
  public func metric(_ asked: IndexMetric?) throws -> IndexMetric {
    if let asked { return asked }
    guard metric != nil || distance == nil else {
      throw IeumError(
        .data, "the distance '\(distance ?? "")' is not one of "
          + IndexMetric.allCases.map(\.rawValue).joined(separator: ", "), file: path, place: "attribute 'distance'",
        remedy: "give --metric to compare its rows by another")
    }
    return metric ?? .angular
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
      distance: distance, encoderDigest: encoderDigest)
  }
}
