import Basics
import Tensors

/// concat(text, image) → one fully connected layer → unit rows.
///
/// Trained, with a GRU as text encoder and the max-of-hinges loss, it is the VSE++ of figure 31; as initialised it is
/// that figure's untrained baseline.
/// - Source: hong2022, figure 31.
public final class ConcatProjection: Module, JointModel {
  public var computeType: DType = .float32
  private let input: JointInput
  private let output: Linear

  private static let parameters = [
    ParameterSpec("outputDimension", default: .int(256), "length of an embedding"),
    JointInput.parameter,
  ]

  public static let spec = JointModelSpec(
    name: "projection", parameters: parameters, summary: "concat(text, image) → fully connected layer",
    source: "hong2022, figure 31 (VSE++)", build: make)

  public static let untrainedSpec = JointModelSpec(
    name: "untrained", parameters: parameters, summary: "the projection as initialised, without training",
    source: "hong2022, figure 31 (untrained)", isTrainable: false, build: make)

  @Sendable private static func make(
    _ parameters: Parameters, _ inputs: JointModelSpec.Inputs, _ generator: inout SeededGenerator
  ) throws -> any JointModel {
    try ConcatProjection(
      inputs: inputs, outputDimension: parameters.int("outputDimension"),
      normalizeInputs: parameters.bool("normalizeInputs"), generator: &generator)
  }

  public init(
    inputs: JointModelSpec.Inputs, outputDimension: Int = 256, normalizeInputs: Bool = false,
    generator: inout SeededGenerator
  ) throws {
    guard outputDimension > 0, inputs.text + inputs.image > 0 else {
      throw IeumError(
        .usage, "a projection from \(inputs.text + inputs.image) to \(outputDimension) features cannot be made",
        place: "model 'projection'", remedy: "give sizes greater than 0")
    }
    input = JointInput(inputs: inputs, normalize: normalizeInputs)
    output = try Linear(inputs.text + inputs.image, outputDimension, generator: &generator)
    super.init()
    try startNeutral(output.weight, output.bias, gain: 1)
    child("output", output)
  }

  public func embed(text: Tensor, image: Tensor, generator: inout SeededGenerator) throws -> Tensor {
    let joined = try input.concatenated(text, image, as: computeType)
    return try RowGeometry.unit(joined.projected(by: output).to(.float32))
  }
}
