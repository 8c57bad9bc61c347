import Tensors

/// An encoder that learns together with the joint model: one side's inputs `[N, …]` → features `[N, D]`.
///
/// What the inputs are is its own affair: word or token ids for a text network, item numbers for an image network that
/// is handed the pixels of an item when a batch needs them.
public struct TrainableEncoder {
  public let module: Module
  /// Readies what a batch needs, ahead of its turn and on other threads; nil where the inputs are read as they are.
  let prepare: (@Sendable (Tensor) throws -> EncoderInput)?
  private let features: (EncoderInput) throws -> Tensor

  public init(module: Module, features: @escaping (Tensor) throws -> Tensor) {
    (self.module, prepare) = (module, nil)
    self.features = { try features($0.values) }
  }

  /// - Parameter prepare: what it gives must depend on the inputs alone.
  public init(
    module: Module, prepare: @escaping @Sendable (Tensor) throws -> EncoderInput,
    features: @escaping (EncoderInput) throws -> Tensor
  ) {
    (self.module, self.prepare, self.features) = (module, prepare, features)
  }

  /// The features `[N, D]` of a batch of inputs, readied on the spot.
  public func features(of inputs: Tensor) throws -> Tensor { try features(prepare?(inputs) ?? EncoderInput(inputs)) }

  func callAsFunction(_ input: EncoderInput) throws -> Tensor { try features(input) }
}

/// What an encoder that learns reads for a batch.
public struct EncoderInput: Sendable {
  public let values: Tensor
  /// Rows of `values` that belong to each item, one after the other; nil = one each.
  public let counts: [Int]?

  public init(_ values: Tensor, counts: [Int]? = nil) { (self.values, self.counts) = (values, counts) }

  func moved(to device: Device) throws -> EncoderInput { EncoderInput(try values.input(on: device), counts: counts) }
  func staged(for device: Device) throws -> EncoderInput {
    EncoderInput(try values.stagedInput(for: device), counts: counts)
  }
}

/// A batch of items, ready for the model.
struct JointBatch: Sendable {
  let text: EncoderInput
  let image: EncoderInput

  func staged(for device: Device) throws -> JointBatch {
    JointBatch(text: try text.staged(for: device), image: try image.staged(for: device))
  }
}
