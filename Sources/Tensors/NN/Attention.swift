import Basics

/// softmax(Q·Kᵀ/√d)·V in several heads.
///
/// Parameters as in PyTorch: `in_proj_weight [3·D, D]` (query, key, value), `in_proj_bias [3·D]`,
/// `out_proj.weight [D, D]`, `out_proj.bias [D]`.
/// - Source: Vaswani et al. 2017, section 3.2.2.
public final class MultiHeadAttention: Module {
  public let heads, dimension: Int
  private let projection, projectionBias: Tensor
  private let output: Linear

  public init(_ dimension: Int, heads: Int, generator: inout SeededGenerator) throws {
    guard heads > 0, dimension % heads == 0 else {
      throw IeumError(.system, "\(heads) heads do not divide the dimension \(dimension)")
    }
    (self.dimension, self.heads) = (dimension, heads)
    projection = try Initialisation.xavierUniform(3 * dimension, dimension, generator: &generator)
    projectionBias = try .zeros([3 * dimension])
    output = try Linear(dimension, dimension, generator: &generator)
    if let bias = output.bias { try bias.assign(.zeros([dimension])) }
    super.init()
    parameter("in_proj_weight", projection)
    parameter("in_proj_bias", projectionBias)
    child("out_proj", output)
  }

  /// Every position of `query [N, Tq, D]` looks at the positions of `keys` and `values [N, Tk, D]`.
  /// - Parameter mask: bool, true = may look: `[N, Tk]` (positions in use) or `[Tq, Tk]` when `causal`-like rules
  ///   are wanted, given as `[1, 1, Tq, Tk]`. A query that may look nowhere gives NaN.
  public func callAsFunction(
    _ query: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor? = nil
  ) throws -> Tensor {
    let weights = try projection.split(dimension, dim: 0)
    let biases = try projectionBias.split(dimension, dim: 0)
    let mixed = try attention(
      query: try query.linear(weights[0], biases[0]), key: try keys.linear(weights[1], biases[1]),
      value: try values.linear(weights[2], biases[2]), heads: heads, mask: mask)
    return try output(mixed)
  }
}

/// The attention product without projections: `query [N, Tq, D]`, `key` and `value [N, Tk, D]` -> `[N, Tq, D]`.
/// - Parameter mask: bool, true = may look: `[N, Tk]`, or any shape that broadcasts to `[N, heads, Tq, Tk]`.
/// - Source: Vaswani et al. 2017, equation 1.
public func attention(query: Tensor, key: Tensor, value: Tensor, heads: Int, mask: Tensor? = nil) throws -> Tensor {
  let sizes = try query.sizes("[N, T, D]", rank: 3, of: "the query of attention")
  let (count, time, dimension) = (sizes[0], sizes[1], sizes[2])
  guard heads > 0, dimension % heads == 0 else {
    throw IeumError(.system, "\(heads) heads do not divide the dimension \(dimension)")
  }
  func separated(_ x: Tensor) throws -> Tensor {
    try x.reshape([count, -1, heads, dimension / heads]).transposed(1, 2)
  }
  let scale = 1 / Double(dimension / heads).squareRoot()
  var scores = try separated(query * scale).matmul(try separated(key).transposed(2, 3))
  if let mask {
    let wide = mask.rank == 2 ? try mask.unsqueeze(1).unsqueeze(1) : mask
    scores = try scores.maskedFill(wide.logicalNot(), -.infinity)
  }
  let mixed = try scores.softmax(dim: -1).matmul(try separated(value))
  return try mixed.transposed(1, 2).reshape([count, time, dimension])
}

/// Bool `[N, steps]`, true below each row's length.
public func lengthMask(_ lengths: [Int], steps: Int) throws -> Tensor {
  try Tensor(lengths.flatMap { length in (0..<steps).map { $0 < length } }, shape: [lengths.count, steps])
}
