import Basics
import Tensors

/// The text-image network: concat(text, image) as a 1-channel sequence → modules of
/// [Conv1D, same padding, stride 1 → ReLU → MaxPool1D(2, 2) → Dropout] → Flatten → Linear → unit rows.
/// - Source: hong2022, table 6. Choice: "same" padding, so that the shortest input passes all five pools; of
///   an even kernel's padding the larger half is on the right. Initial values are not given either: see
///   ``startNeutral(_:gain:)``.
public final class TextImageNetwork: Module, JointModel {
  public let configuration: TextImageConfiguration
  public var computeType: DType = .float32
  private let input: JointInput
  private let convolutions: [Conv1d]
  private let output: Linear

  public static let spec = JointModelSpec(
    name: "text-image", parameters: TextImageConfiguration.parameters,
    summary: "five Conv1D modules over concat(text, image), then a linear layer", source: "hong2022, table 6"
  ) { parameters, inputs, generator in
    try TextImageNetwork(TextImageConfiguration(parameters), inputs: inputs, generator: &generator)
  }

  /// - Throws: ``IeumError`` (usage) when the sequence is too short to be halved by every pool.
  public init(
    _ configuration: TextImageConfiguration, inputs: JointModelSpec.Inputs, generator: inout SeededGenerator
  ) throws {
    try configuration.check()
    let length = configuration.pooledLength(inputs.text + inputs.image)
    guard length > 0, let lastWidth = configuration.widths.last else {
      throw IeumError(
        .usage, "\(inputs.text + inputs.image) features are too few for \(configuration.widths.count) pools",
        place: "model 'text-image'", remedy: "use fewer modules or longer features")
    }
    self.configuration = configuration
    input = JointInput(inputs: inputs, normalize: configuration.normalizeInputs)
    var layers: [Conv1d] = []
    for (index, width) in configuration.widths.enumerated() {
      let channels = index == 0 ? 1 : configuration.widths[index - 1]
      let kernel = configuration.kernels[index]
      layers.append(try Conv1d(channels, width, kernel: kernel, padding: kernel / 2, generator: &generator))
    }
    convolutions = layers
    output = try Linear(length * lastWidth, configuration.outputDimension, generator: &generator)
    super.init()
    for (index, layer) in layers.enumerated() {
      try startNeutral(layer.weight, layer.bias, gain: 2)
      child("conv\(index + 1)", layer)
    }
    try startNeutral(output.weight, output.bias, gain: 1)
    child("output", output)
  }

  public func embed(text: Tensor, image: Tensor, generator: inout SeededGenerator) throws -> Tensor {
    var x = try input.concatenated(text, image, as: computeType).unsqueeze(1)
    // "Same" padding: of an even kernel's the larger half is on the right.
    for (layer, kernel) in zip(convolutions, configuration.kernels) {
      x = try x.conv1dBlock(
        layer.weight.to(x.dtype), layer.bias?.to(x.dtype), padding: ((kernel - 1) / 2, kernel / 2),
        dropout: isTraining ? configuration.dropout : 0, generator: &generator)
    }
    return try RowGeometry.unit(x.flatten(from: 1).projected(by: output).to(.float32))
  }
}

/// Rescales a layer initialised with the variance 1 / (3·fan-in) to gain / fan-in, and zeroes its bias.
///
/// At the narrower variance five ReLU layers shrink the signal below the biases: all items then start, and
/// stay, at nearly the same unit vector, whatever the loss. Zero biases and a gain of 2 before ReLU keep the
/// signal's size.
/// - Source: He et al. 2015, eq. 10.
func startNeutral(_ weight: Tensor, _ bias: Tensor?, gain: Double) throws {
  try weight.assign(weight.detached() * (3 * gain).squareRoot())
  if let bias { try bias.assign(bias.detached() * 0) }
}

extension Tensor {
  /// A linear layer in this tensor's dtype, its parameters cast on the way so that gradients reach them in
  /// theirs.
  func projected(by layer: Linear) throws -> Tensor {
    try linear(layer.weight.to(dtype), layer.bias?.to(dtype))
  }
}
