import Basics
import COpenBLAS

/// How an index compares two vectors, and the distance that it reports.
public enum IndexMetric: String, Sendable, CaseIterable, Codable {
  /// √(2 − 2·cos), in 0…2; a zero vector is at √2 from everything.
  case angular
  case euclidean
  case manhattan
  /// The inner product itself: larger is nearer.
  case dot
  /// Differing bits; a component above 0.5 is a 1.
  case hamming

  /// - Throws: ``IeumError`` (usage) for an unknown name, with the nearest known one.
  public static func named(_ name: String) throws -> IndexMetric {
    let others: [String: IndexMetric] = ["cosine": .angular, "ip": .dot]
    guard let metric = IndexMetric(rawValue: name) ?? others[name] else {
      throw Suggestion.unknown("metric", name, known: allCases.map(\.rawValue))
    }
    return metric
  }

  /// True when a larger reported value is nearer.
  public var largerIsNearer: Bool { self == .dot }

  /// The metric of an index that ranks as a similarity does.
  public init(_ similarity: Similarity) {
    switch similarity {
    case .cosine: self = .angular
    case .dot: self = .dot
    case .euclidean: self = .euclidean
    }
  }

  /// The reported distance between two rows, in double, independent of any index.
  public func distance(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ dimension: Int) -> Double {
    let count = Int64(dimension)
    switch self {
    case .angular:
      let norms = (cob_dot(a, a, count) * cob_dot(b, b, count)).squareRoot()
      return (2 - (norms > 0 ? 2 * cob_dot(a, b, count) / norms : 0)).clampedToZero.squareRoot()
    case .euclidean: return cob_squared_distance(a, b, count).squareRoot()
    case .manhattan: return (0..<dimension).reduce(0) { $0 + abs(Double(a[$1]) - Double(b[$1])) }
    case .dot: return cob_dot(a, b, count)
    case .hamming: return Double((0..<dimension).reduce(0) { $0 + ((a[$1] > 0.5) != (b[$1] > 0.5) ? 1 : 0) })
    }
  }

  /// The reported distance as a number that grows with distance, in the unit in which ann-benchmarks
  /// compares: 1 − cos, Euclidean and city-block distance, minus the inner product, the share of bits that differ.
  public func benchmarkDistance(_ reported: Double, dimension: Int) -> Double {
    switch self {
    case .angular: reported * reported / 2
    case .dot: -reported
    case .hamming: reported / Double(dimension)
    case .euclidean, .manhattan: reported
    }
  }
}

extension Double {
  /// Rounding can take a square below zero.
  fileprivate var clampedToZero: Double { Swift.max(self, 0) }
}
