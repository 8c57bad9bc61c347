import Basics

/// A table of vectors. Parameter: `weight [V, D]`, standard normal at the start.
public final class Embedding: Module {
  public let weight: Tensor
  private let paddingIndex: Int?

  /// - Parameter paddingIndex: a row that starts at zero and is never trained.
  public init(_ rows: Int, _ dimension: Int, paddingIndex: Int? = nil, generator: inout SeededGenerator) throws {
    var values = try Tensor.normal([rows, dimension], generator: &generator)
    if let paddingIndex {
      let row = try Tensor.arange(0, Double(rows)).equal(Double(paddingIndex)).unsqueeze(1)
      values = try values.maskedFill(row, 0)
    }
    weight = values
    self.paddingIndex = paddingIndex
    super.init()
    parameter("weight", weight)
  }

  /// int64 `[…]` -> `[…, D]`.
  public func callAsFunction(_ ids: Tensor) throws -> Tensor {
    try weight.embedding(ids, paddingIndex: paddingIndex)
  }
}

/// Drops entries while training, does nothing otherwise.
public final class Dropout: Module {
  public let p: Double

  public init(_ p: Double) {
    self.p = p
    super.init()
  }

  public func callAsFunction(_ x: Tensor, generator: inout SeededGenerator) throws -> Tensor {
    isTraining ? try x.dropout(p, generator: &generator) : x
  }
}
