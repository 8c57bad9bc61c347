import Tensors

/// A forward pass as a chain of steps, so that it can be run backwards piece by piece.
///
/// A plain backward pass keeps the insides of every layer; ``backward(_:)`` keeps each layer's input alone and computes its
/// insides again when the gradient arrives (activation checkpointing).
/// - Source: Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost".
public struct LayerChain {
  /// From the input to what the first layer reads.
  let start: () throws -> Tensor
  let layers: [(Tensor) throws -> Tensor]
  /// From the last layer's output to the result.
  let end: (Tensor) throws -> Tensor

  /// The result, with the graph of all steps where gradients are recorded.
  public func callAsFunction() throws -> Tensor {
    var x = try start()
    for layer in layers { x = try layer(x) }
    return try end(x)
  }

  /// Adds to the gradients of all parameters what `gradient`, that of the result, makes them. Layers must be
  /// deterministic: they are computed twice.
  /// - Parameter forward: what a step is computed in (reduced precision, for instance); gradients are never, since their
  ///   operators do not follow a change of precision.
  public func backward(
    _ gradient: Tensor, forward: (() throws -> Tensor) throws -> Tensor = { try $0() }
  ) throws {
    var inputs: [Tensor] = []
    try noGrad {
      var x = try forward(start)
      for layer in layers {
        inputs.append(x)
        x = try forward { try layer(x) }
      }
      inputs.append(x)
    }
    var gradient = gradient
    for (index, step) in (layers + [end]).enumerated().reversed() {
      let leaf = try inputs[index].detached()
      leaf.requiresGrad = true
      let output = try forward { try step(leaf) }
      try output.backward(gradient.to(output.dtype))
      guard let next = leaf.grad else { return }
      gradient = next
    }
    let first = try forward(start)
    if first.requiresGrad { try first.backward(gradient.to(first.dtype)) }
  }
}
