import Basics
import Tensors
import Weights

/// A text network that is trained together with the joint model: word ids `[N, T]` → features `[N, Dt]`.
public struct TrainableText {
  public let module: Module
  public let features: (Tensor) throws -> Tensor

  public init(module: Module, features: @escaping (Tensor) throws -> Tensor) {
    self.module = module
    self.features = features
  }
}

/// The modules that learn, as one: the joint model and, where there is one, the text network.
struct TrainedParts {
  let model: any JointModel
  let text: TrainableText?
  /// What the loss itself learns.
  var learned: [LearnedValue] = []

  var parameters: [Tensor] {
    model.parameters() + (text?.module.parameters() ?? []) + learned.map(\.tensor)
  }

  func train(_ isTraining: Bool) {
    model.train(isTraining)
    text?.module.train(isTraining)
  }

  func move(to device: Device) throws {
    try model.to(device)
    try text?.module.to(device)
  }

  func state() throws -> [RawTensor] {
    try model.state().map { $0.renamed("model." + $0.name) }
      + (text?.module.state() ?? []).map { $0.renamed("text." + $0.name) }
      + learned.state()
  }

  /// - Throws: ``IeumError`` (data) for missing, extra or wrongly shaped tensors.
  func load(_ tensors: [RawTensor]) throws {
    let state = TrainerState(tensors: tensors, metadata: [:])
    try model.load(state.part("model."), file: "training state", ignoring: [])
    try text?.module.load(state.part("text."), file: "training state", ignoring: [])
    try learned.load(state.part("loss."))
  }

  /// Unit rows `[N, D]` of some items.
  func embed(
    _ split: JointSplit, _ rows: [Int], on device: Device, generator: inout SeededGenerator
  ) throws -> Tensor {
    let batch = try split.batch(rows, on: device)
    let features = try text.map { try $0.features(batch.text) } ?? batch.text
    return try model.embed(text: features, image: batch.image, generator: &generator)
  }
}
