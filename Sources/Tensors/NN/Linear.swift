import Basics

/// x·Wᵀ + b. Parameters: `weight [Out, In]`, `bias [Out]`.
public final class Linear: Module {
  public let weight: Tensor
  public let bias: Tensor?

  public init(_ inputs: Int, _ outputs: Int, bias: Bool = true, generator: inout SeededGenerator) throws {
    weight = try Initialisation.uniform([outputs, inputs], fanIn: inputs, generator: &generator)
    self.bias = bias ? try Initialisation.uniform([outputs], fanIn: inputs, generator: &generator) : nil
    super.init()
    parameter("weight", weight)
    if let bias = self.bias { parameter("bias", bias) }
  }

  /// `[…, In]` -> `[…, Out]`.
  public func callAsFunction(_ x: Tensor) throws -> Tensor { try x.linear(weight, bias) }
}
