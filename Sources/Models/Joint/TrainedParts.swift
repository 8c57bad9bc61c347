import Basics
import Tensors
import Weights

/// The modules that learn, as one: the joint model and the encoders that learn with it.
struct TrainedParts {
  let model: any JointModel
  let text: TrainableEncoder?
  let image: TrainableEncoder?
  /// What the loss itself learns.
  let learned: [LearnedValue]

  /// The modules under the names of their tensors' prefixes.
  private var modules: [(prefix: String, module: Module)] {
    [("model.", model)] + [("text.", text), ("image.", image)].compactMap { prefix, encoder in
      encoder.map { (prefix, $0.module) }
    }
  }

  var modelParameters: [Tensor] { model.parameters() + learned.map(\.tensor) }
  var encoderParameters: [Tensor] { [text, image].flatMap { $0?.module.parameters() ?? [] } }

  func train(_ isTraining: Bool) {
    for (_, module) in modules { module.train(isTraining) }
  }

  func move(to device: Device) throws {
    for (_, module) in modules { try module.to(device) }
    try learned.move(to: device)
  }

  func state() throws -> [RawTensor] {
    try modules.flatMap { prefix, module in try module.state().map { $0.renamed(prefix + $0.name) } } + learned.state()
  }

  /// - Throws: ``IeumError`` (data) for missing, extra or wrongly shaped tensors.
  func load(_ tensors: [RawTensor]) throws {
    let state = TrainerState(tensors: tensors, metadata: [:])
    for (prefix, module) in modules { try module.load(state.part(prefix), file: "training state", ignoring: []) }
    try learned.load(state.part("loss."))
  }

  /// Whether batches take work to prepare.
  var preparesBatches: Bool { text?.prepare != nil || image?.prepare != nil }

  /// Readies some rows of a split; may be called from other threads.
  var preparation: @Sendable (JointSplit, [Int]) throws -> JointBatch {
    let (text, image) = (text?.prepare, image?.prepare)
    return { split, rows in
      let batch = try split.batch(rows)
      return JointBatch(
        text: try text?(batch.text) ?? EncoderInput(batch.text), image: try image?(batch.image) ?? EncoderInput(batch.image))
    }
  }

  /// Unit rows `[N, D]` of a batch.
  func embed(_ batch: JointBatch, on device: Device, generator: inout SeededGenerator) throws -> Tensor {
    let (words, pixels) = (try batch.text.moved(to: device), try batch.image.moved(to: device))
    return try model.embed(
      text: try text.map { try $0(words) } ?? words.values, image: try image.map { try $0(pixels) } ?? pixels.values,
      generator: &generator)
  }
}
