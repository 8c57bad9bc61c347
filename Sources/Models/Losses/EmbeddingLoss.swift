import Basics
import Tensors
import Weights

/// A loss on embedding rows: one unreduced term per row, differentiable in every embedding.
///
/// A loss knows neither reduction nor normalisation of its input; ``LossFunction`` adds both in one place.
public protocol EmbeddingLoss: Sendable {
  /// The terms `[N]` of a batch, unreduced, in the embeddings' dtype.
  /// - Throws: ``IeumError`` (usage) for an input of the wrong kind, (data) for shapes that do not belong
  ///   together.
  func terms(_ input: LossInput) throws -> Tensor

  /// What the loss itself learns, such as a logit scale: part of what an optimiser updates and a checkpoint keeps.
  var learned: [LearnedValue] { get }
}

extension EmbeddingLoss {
  public var learned: [LearnedValue] { [] }
}

/// A trainable scalar of a loss, held within bounds.
public struct LearnedValue: Sendable {
  public let name: String
  /// A float64 tensor without dimensions that requires gradients.
  public let tensor: Tensor
  public let bounds: ClosedRange<Double>

  /// Puts the value back into its bounds; called after every optimiser step.
  public func clamp() throws {
    try tensor.assign(tensor.detached().clamp(min: bounds.lowerBound, max: bounds.upperBound))
  }
}

extension [LearnedValue] {
  /// Before an optimiser is made for them.
  func move(to device: Device) throws { try holder.to(device) }

  private var holder: Module {
    let holder = Module()
    for value in self { holder.buffer(value.name, value.tensor) }
    return holder
  }

  /// The values under `loss.…`, for a checkpoint.
  func state() throws -> [RawTensor] { try map { try $0.tensor.raw(named: "loss." + $0.name) } }

  /// - Throws: ``IeumError`` (data) for missing or extra values.
  func load(_ tensors: [RawTensor]) throws {
    try holder.load(tensors, file: "training state")
  }
}
