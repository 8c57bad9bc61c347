import Basics

/// Starting values as PyTorch's layers use them by default.
public enum Initialisation {
  /// Uniform in ±1/√fanIn (Kaiming uniform with a = √5, and PyTorch's biases).
  public static func uniform(_ shape: [Int], fanIn: Int, generator: inout SeededGenerator) throws -> Tensor {
    let bound = fanIn > 0 ? 1 / Double(fanIn).squareRoot() : 0
    return try .uniform(shape, in: -bound...bound, generator: &generator)
  }

  /// Glorot uniform: ±√(6 / (fanIn + fanOut)), for `[Out, In]`.
  public static func xavierUniform(_ out: Int, _ into: Int, generator: inout SeededGenerator) throws -> Tensor {
    let bound = (6 / Double(out + into)).squareRoot()
    return try .uniform([out, into], in: -bound...bound, generator: &generator)
  }

  /// Kaiming normal over the outputs: std = √(2 / fanOut).
  public static func kaimingNormal(
    _ shape: [Int], fanOut: Int, generator: inout SeededGenerator
  ) throws -> Tensor {
    try .normal(shape, std: (2 / Double(fanOut)).squareRoot(), generator: &generator)
  }
}
