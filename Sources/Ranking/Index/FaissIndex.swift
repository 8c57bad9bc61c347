import Basics
import CFaiss
import Foundation

/// An index of faiss. Distances of the quantising ones are those to the quantised rows.
/// - Source: Johnson, Douze & Jégou 2017, "Billion-scale similarity search with GPUs"; Malkov & Yashunin 2016
///   (HNSW); Jégou, Douze & Schmid 2011 (product quantisation, inverted file).
final class FaissIndex: VectorIndex, @unchecked Sendable {
  private enum Kind: Int {
    case hnsw, pq, ivfPQ

    var code: Int32 { Int32(rawValue) }
  }

  private static let metrics: [IndexMetric] = [.angular, .euclidean, .dot]
  private static let quantiser = [
    ParameterSpec("m", default: .int(8), "parts that a vector is cut into; divides the dimension"),
    ParameterSpec("nbits", default: .int(8), "bits per part"),
    ParameterSpec("seed", default: .int(1234), "seed of the k-means"),
  ]

  static let hnsw = IndexSpec(
    name: "hnsw", summary: "hierarchical navigable small-world graph (faiss)",
    source: "Malkov & Yashunin 2016",
    metrics: metrics,
    buildParameters: [
      ParameterSpec("M", default: .int(32), "links per node and layer"),
      ParameterSpec("efConstruction", default: .int(40), "candidates looked at for a node's links"),
      ParameterSpec("seed", default: .int(-1), "≥ 0: a reproducible build, on one core; −1: on all cores"),
    ],
    searchParameters: [ParameterSpec("efSearch", default: .int(64), "candidates looked at")],
    fileExtension: "faiss",
    sweep: ["efSearch": [.int(16), .int(64), .int(256)]],
    make: { try FaissIndex(.hnsw, $0, $1, $2) },
    open: { path, shape, _ in try FaissIndex(.hnsw, opening: path, shape) })

  static let pq = IndexSpec(
    name: "pq", summary: "product quantisation, all codes compared (faiss)",
    source: "Jégou, Douze & Schmid 2011",
    metrics: metrics, buildParameters: quantiser, searchParameters: [], fileExtension: "faiss",
    sweep: ["m": [.int(8), .int(16)]],
    make: { try FaissIndex(.pq, $0, $1, $2) },
    open: { path, shape, _ in try FaissIndex(.pq, opening: path, shape) })

  static let ivfPQ = IndexSpec(
    name: "ivf-pq", summary: "product quantisation behind an inverted file (faiss)",
    source: "Jégou, Douze & Schmid 2011", metrics: metrics,
    buildParameters: [ParameterSpec("nlist", default: .int(64), "lists of the inverted file")] + quantiser,
    searchParameters: [ParameterSpec("nprobe", default: .int(8), "lists that are looked at")],
    fileExtension: "faiss", sweep: ["nprobe": [.int(1), .int(8), .int(32)]],
    make: { try FaissIndex(.ivfPQ, $0, $1, $2) },
    open: { path, shape, _ in try FaissIndex(.ivfPQ, opening: path, shape) })

  private let kind: Kind
  private let index: OpaquePointer
  let metric: IndexMetric
  let count: Int
  let dimension: Int
  let bytes: Int

  private init(_ kind: Kind, _ vectors: VectorMatrix, _ metric: IndexMetric, _ parameters: Parameters) throws
  {
    func value(_ name: String) -> Int {
      if case .int(let value)? = parameters.values[name] { value } else { 0 }
    }
    func setting(_ name: String, in range: ClosedRange<Int>) throws -> Int32 {
      guard parameters.values[name] != nil else { return 0 }
      guard range.contains(value(name)) else {
        throw IeumError(
          .usage, "\(name) cannot be \(value(name))", place: "index '\(kind)'",
          remedy: "give \(range.lowerBound)…\(range.upperBound)")
      }
      return Int32(value(name))
    }
    var settings = cfaiss_settings()
    settings.kind = kind.code
    settings.metric = Int32(metric == .dot ? CFAISS_INNER_PRODUCT : CFAISS_L2)
    settings.dimension = Int32(vectors.dimension)
    settings.links = try setting("M", in: 2...512)
    settings.ef_construction = try setting("efConstruction", in: 1...100_000)
    settings.parts = try setting("m", in: 1...vectors.dimension)
    settings.bits = try setting("nbits", in: 1...16)
    settings.lists = try setting("nlist", in: 1...max(1, vectors.count))
    settings.seed = Int64(value("seed"))
    if kind != .hnsw {
      guard vectors.dimension % Int(settings.parts) == 0 else {
        throw IeumError(
          .usage, "m = \(settings.parts) does not divide the dimension \(vectors.dimension)",
          place: "index '\(kind)'")
      }
      guard vectors.count >= 1 << Int(settings.bits) else {
        throw IeumError(
          .data, "\(vectors.count) vectors cannot train 2^\(settings.bits) codewords",
          place: "index '\(kind)'",
          remedy: "give more vectors or fewer nbits")
      }
    }
    let rows = metric == .angular ? FaissIndex.unit(vectors) : nil
    var made: OpaquePointer?
    try FaissIndex.call { message, capacity in
      if let rows {
        rows.withUnsafeBufferPointer {
          cfaiss_build(&settings, $0.baseAddress, Int64(vectors.count), &made, message, capacity)
        }
      } else {
        cfaiss_build(&settings, vectors.values, Int64(vectors.count), &made, message, capacity)
      }
    }
    guard let made else { throw IeumError(.system, "faiss made no index") }
    (self.kind, index, self.metric) = (kind, made, metric)
    (count, dimension) = (vectors.count, vectors.dimension)
    bytes = Int(cfaiss_size(made))
  }

  private init(_ kind: Kind, opening path: String, _ shape: IndexShape) throws {
    var read: OpaquePointer?
    try FaissIndex.call(file: path) { cfaiss_read(path, kind.code, &read, $0, $1) }
    guard let read else { throw IeumError(.system, "faiss read no index", file: path) }
    (self.kind, index, metric) = (kind, read, shape.metric)
    count = Int(cfaiss_count(read))
    dimension = Int(cfaiss_dimension(read))
    bytes = Int(cfaiss_size(read))
    guard dimension == shape.dimension, shape.count.map({ $0 == count }) ?? true else {
      throw IeumError(
        .data, "holds \(count) × \(dimension), not what its card says", file: path, remedy: "build it again")
    }
  }

  deinit { cfaiss_free(index) }

  private static func unit(_ vectors: VectorMatrix) -> [Float] {
    var rows = Array(UnsafeBufferPointer(start: vectors.values, count: vectors.count * vectors.dimension))
    for row in 0..<vectors.count { normalise(&rows, row * vectors.dimension..<(row + 1) * vectors.dimension) }
    return rows
  }

  private static func normalise(_ values: inout [Float], _ range: Range<Int>) {
    let norm = values[range].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    guard norm > 0 else { return }
    for index in range { values[index] = Float(Double(values[index]) / norm) }
  }

  private static func call(
    file: String? = nil, _ body: (UnsafeMutablePointer<CChar>?, Int) -> Int32
  ) throws {
    var message = [CChar](repeating: 0, count: 512)
    guard body(&message, message.count) != 0 else { return }
    let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    throw IeumError(
      file == nil ? .system : .data, "faiss refused (\(text))", file: file,
      remedy: file == nil ? nil : "build the index again")
  }

  func write(to path: String) throws {
    let temporary = try AtomicFile.temporaryPath(for: path)
    try FaissIndex.call { cfaiss_write(index, temporary, $0, $1) }
    try AtomicFile.commit(temporary, to: path)
  }

  func search(_ query: [Float], k: Int, parameters: Parameters, filter: RowFilter?) throws -> [Neighbor] {
    try check(query, k: k)
    var query = query
    if metric == .angular { FaissIndex.normalise(&query, query.indices) }
    let breadth = kind == .hnsw ? parameters.int("efSearch") : kind == .ivfPQ ? parameters.int("nprobe") : 0
    guard breadth > 0 || kind == .pq else {
      throw IeumError(
        .usage, "a search parameter cannot be \(breadth)", place: "index '\(kind)'", remedy: "give at least 1"
      )
    }
    guard let filter else { return try ask(query, min(k, count), breadth, nil) }
    if kind == .ivfPQ { return try ask(query, min(k, count), breadth, filter.bytes) }
    // faiss filters nothing here: it is asked for more until enough of what it gives is allowed.
    var wanted = k
    while true {
      wanted = min(max(wanted * 4, 64), count)
      let found = try ask(query, wanted, max(breadth, kind == .hnsw ? wanted : 0), nil)
      let allowed = found.filter { filter[$0.row] }
      if allowed.count >= k || wanted == count || found.count < wanted { return Array(allowed.prefix(k)) }
    }
  }

  private func ask(_ query: [Float], _ k: Int, _ breadth: Int, _ allowed: [UInt8]?) throws -> [Neighbor] {
    var distances = [Float](repeating: 0, count: k)
    var ids = [Int64](repeating: -1, count: k)
    try FaissIndex.call { message, capacity in
      cfaiss_search(
        index, query, Int64(k), Int32(clamping: breadth), allowed, allowed?.count ?? 0, &distances, &ids,
        message,
        capacity)
    }
    return zip(ids, distances).filter { $0.0 >= 0 }.map { id, distance in
      Neighbor(row: Int(id), distance: metric == .dot ? distance : max(distance, 0).squareRoot())
    }
  }
}
