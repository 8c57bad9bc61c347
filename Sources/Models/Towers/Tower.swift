import Basics
import Tensors

/// Fully connected layers, ReLU between them, rows of length 1 at the end.
public final class ProjectionHead: Module {
  private let layers: [Linear]
  private let dropout: Double

  /// - Parameters:
  ///   - hidden: width between the layers.
  ///   - layers: 1 or more.
  public init(
    _ input: Int, hidden: Int, output: Int, layers count: Int, dropout: Double, generator: inout SeededGenerator
  ) throws {
    guard input > 0, hidden > 0, output > 0, count > 0, (0..<1).contains(dropout) else {
      throw IeumError(
        .usage, "a head of \(count) layers from \(input) over \(hidden) to \(output), dropout \(dropout), cannot be made",
        remedy: "give sizes greater than 0 and a dropout in 0..<1")
    }
    var made: [Linear] = []
    for index in 0..<count {
      let isLast = index == count - 1
      let layer = try Linear(
        index == 0 ? input : hidden, isLast ? output : hidden, generator: &generator)
      try startNeutral(layer.weight, layer.bias, gain: isLast ? 1 : 2)
      made.append(layer)
    }
    layers = made
    self.dropout = dropout
    super.init()
    for (index, layer) in made.enumerated() { child("fc\(index + 1)", layer) }
  }

  /// `[N, input]` -> unit rows `[N, output]`, float32.
  public func callAsFunction(_ x: Tensor, generator: inout SeededGenerator) throws -> Tensor {
    var x = x
    for (index, layer) in layers.enumerated() {
      x = try layer(x)
      guard index < layers.count - 1 else { break }
      x = try x.relu()
      if isTraining, dropout > 0 { x = try x.dropout(dropout, generator: &generator) }
    }
    return try RowGeometry.unit(x.to(.float32))
  }
}

/// One modality's way into the shared space: trunk, pooling over frames where there are frames, projection head.
public final class Tower: Module {
  public let trunk: any Trunk
  public let pooling: TemporalPooling
  public let head: ProjectionHead

  public init(_ trunk: any Trunk, pooling: TemporalPooling, head: ProjectionHead) {
    (self.trunk, self.pooling, self.head) = (trunk, pooling, head)
    super.init()
    child("trunk", trunk)
    child("pooling", pooling)
    child("head", head)
  }

  /// Unit rows `[N, D]`, float32.
  public func embed(_ input: TowerInput, generator: inout SeededGenerator) throws -> Tensor {
    let features = try trunk.features(input.values)
    let pooled = features.rank == 3 ? try pooling(features, lengths: input.lengths) : features
    return try head(pooled, generator: &generator)
  }
}
