import Tensors

/// An encoder that learns together with the joint model: one side's inputs `[N, …]` → features `[N, D]`.
///
/// What the inputs are is its own affair: word or token ids for a text network, item numbers for an image network that
/// is handed the pixels of an item when a batch needs them.
public struct TrainableEncoder {
  public let module: Module
  public let features: (Tensor) throws -> Tensor

  public init(module: Module, features: @escaping (Tensor) throws -> Tensor) {
    self.module = module
    self.features = features
  }
}
