import Basics
import Tensors

/// A network that makes one vector of an item's text and image features.
public protocol JointModel: Module {
  /// Unit rows `[N, D]`, float32, of text features `[N, Dt]` and image features `[N, Di]`.
  /// - Parameter generator: draws dropout while training; untouched otherwise.
  /// - Throws: ``IeumError`` (data) when the widths are not those the model was made for.
  func embed(text: Tensor, image: Tensor, generator: inout SeededGenerator) throws -> Tensor

  /// What the layers compute in; parameters stay float32 and receive float32 gradients.
  var computeType: DType { get set }
}

/// The card of a joint model.
public struct JointModelSpec: Sendable {
  /// Widths of the two features.
  public struct Inputs: Sendable, Hashable {
    public let text: Int
    public let image: Int

    public init(text: Int, image: Int) {
      self.text = text
      self.image = image
    }
  }

  public let name: String
  public let parameters: [ParameterSpec]
  public let summary: String
  public let source: String
  /// False for a baseline that is used as initialised.
  public let isTrainable: Bool
  private let build: @Sendable (Parameters, Inputs, inout SeededGenerator) throws -> any JointModel

  public init(
    name: String, parameters: [ParameterSpec], summary: String, source: String, isTrainable: Bool = true,
    build: @escaping @Sendable (Parameters, Inputs, inout SeededGenerator) throws -> any JointModel
  ) {
    self.name = name
    self.parameters = parameters
    self.summary = summary
    self.source = source
    self.isTrainable = isTrainable
    self.build = build
  }

  /// A freshly initialised model.
  /// - Throws: ``IeumError`` (usage) for an unknown parameter, a bad value, or inputs too short for the network.
  public func make(
    _ given: [String: Scalar] = [:], inputs: Inputs, generator: inout SeededGenerator
  ) throws -> any JointModel {
    try build(Parameters(given, specs: parameters, owner: "model '\(name)'"), inputs, &generator)
  }
}

/// All joint models. Adding one: its file, and its line here.
public enum JointModelRegistry {
  public static let all: [JointModelSpec] = [
    TextImageNetwork.spec,
    ConcatProjection.spec,
    ConcatProjection.untrainedSpec,
  ]

  /// - Throws: ``IeumError`` (usage) with the nearest known name.
  public static func named(_ name: String) throws -> JointModelSpec {
    guard let spec = all.first(where: { $0.name == name }) else {
      throw Suggestion.unknown("model", name, known: all.map(\.name))
    }
    return spec
  }
}
