import Basics

/// Convolution over a sequence. Parameters: `weight [Out, In / groups, K]`, `bias [Out]`.
public final class Conv1d: Module {
  public let weight: Tensor
  public let bias: Tensor?
  private let stride, padding, dilation, groups: Int

  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1, bias: Bool = true, generator: inout SeededGenerator
  ) throws {
    try checkGroups(groups, inputs, outputs)
    let fanIn = inputs / groups * kernel
    weight = try Initialisation.uniform([outputs, inputs / groups, kernel], fanIn: fanIn, generator: &generator)
    self.bias = bias ? try Initialisation.uniform([outputs], fanIn: fanIn, generator: &generator) : nil
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
    super.init()
    parameter("weight", weight)
    if let bias = self.bias { parameter("bias", bias) }
  }

  /// `[N, In, L]` -> `[N, Out, L']`.
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    try x.conv1d(weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }
}

/// Convolution over an image. Parameters: `weight [Out, In / groups, KH, KW]`, `bias [Out]`.
public final class Conv2d: Module {
  public let weight: Tensor
  public let bias: Tensor?
  public let stride, padding, dilation: [Int]
  public let groups: Int

  /// Sizes are `[both]` or `[height, width]`.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: [Int], stride: [Int] = [1], padding: [Int] = [0], dilation: [Int] = [1],
    groups: Int = 1, bias: Bool = true, generator: inout SeededGenerator
  ) throws {
    try checkGroups(groups, inputs, outputs)
    guard let height = kernel.first, let width = kernel.last else {
      throw IeumError(.system, "a convolution needs a kernel size")
    }
    let fanIn = inputs / groups * height * width
    weight = try Initialisation.uniform(
      [outputs, inputs / groups, height, width], fanIn: fanIn, generator: &generator)
    self.bias = bias ? try Initialisation.uniform([outputs], fanIn: fanIn, generator: &generator) : nil
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
    super.init()
    parameter("weight", weight)
    if let bias = self.bias { parameter("bias", bias) }
  }

  public convenience init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1, bias: Bool = true, generator: inout SeededGenerator
  ) throws {
    try self.init(
      inputs, outputs, kernel: [kernel], stride: [stride], padding: [padding], dilation: [dilation], groups: groups,
      bias: bias, generator: &generator)
  }

  /// `[N, In, H, W]` -> `[N, Out, H', W']`.
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    try x.conv2d(weight: weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }
}

private func checkGroups(_ groups: Int, _ inputs: Int, _ outputs: Int) throws {
  guard groups > 0, inputs % groups == 0, outputs % groups == 0 else {
    throw IeumError(.system, "\(groups) groups do not divide \(inputs) inputs and \(outputs) outputs")
  }
}
