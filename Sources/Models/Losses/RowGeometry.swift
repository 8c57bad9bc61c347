import Basics
import Tensors

/// Lengths and inner products of embedding rows, with gradients that stay finite everywhere.
enum RowGeometry {
  /// Euclidean length of each row `[N, D]` → `[N, 1]`.
  ///
  /// Rows are divided by their largest entry before squaring, so neither 1e200 nor 1e-200 over- or underflows.
  /// A row of zeros has length 0 and the subgradient 0.
  static func length(_ rows: Tensor) throws -> Tensor {
    let peak = try rows.detached().abs().amax(dim: 1, keepDim: true)
    let isZero = try peak.equal(0)
    let scale = try peak.maskedFill(isZero, 1)
    let squares = try (rows / scale).square().sum(dim: 1, keepDim: true)
    return try (squares.maskedFill(isZero, 1).sqrt() * scale).maskedFill(isZero, 0)
  }

  /// Rows scaled to length 1 `[N, D]` → `[N, D]`. A row of zeros has no direction: it stays zero, with zero gradient.
  static func unit(_ rows: Tensor) throws -> Tensor {
    let length = try length(rows)
    let isZero = try length.detached().equal(0)
    return try (rows / length.maskedFill(isZero, 1)).maskedFill(isZero, 0)
  }
}

/// A distance between rows: smaller = closer.
public enum RowDistance: String, CaseIterable, Sendable {
  /// The length of the difference.
  case euclidean
  /// 1 − cosine of the angle, in 0…2.
  case cosine

  static let parameter = ParameterSpec(
    "distance", default: .string(RowDistance.euclidean.rawValue), "distance between rows",
    choices: allCases.map(\.rawValue))

  init(_ parameters: Parameters) throws { self = try lookup(parameters.string("distance"), "distance") }

  /// Distance of row i of `a` from row i of `b`: `[N, D]`, `[N, D]` → `[N]`.
  public func between(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    switch self {
    case .euclidean:
      return try RowGeometry.length(a - b).squeeze(1)
    case .cosine:
      return try 1 - (RowGeometry.unit(a) * RowGeometry.unit(b)).sum(dim: 1)
    }
  }
}

/// A similarity between rows: larger = closer.
public enum RowSimilarity: String, CaseIterable, Sendable {
  case cosine
  case dot

  static let parameter = ParameterSpec(
    "similarity", default: .string(RowSimilarity.cosine.rawValue), "similarity between rows",
    choices: allCases.map(\.rawValue))

  init(_ parameters: Parameters) throws { self = try lookup(parameters.string("similarity"), "similarity") }

  /// Similarity of every row of `a` to every row of `b`: `[N, D]`, `[M, D]` → `[N, M]`.
  public func matrix(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    switch self {
    case .cosine: try RowGeometry.unit(a).matmul(RowGeometry.unit(b).transposed(0, 1))
    case .dot: try a.matmul(b.transposed(0, 1))
    }
  }
}

/// The case of an enumeration that a checked parameter names.
private func lookup<Choice: RawRepresentable & CaseIterable>(_ name: String, _ what: String) throws -> Choice
where Choice.RawValue == String {
  guard let choice = Choice(rawValue: name) else {
    throw Suggestion.unknown(what, name, known: Choice.allCases.map(\.rawValue))
  }
  return choice
}
