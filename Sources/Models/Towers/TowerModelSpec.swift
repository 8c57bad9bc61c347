import Basics

/// The card of a model made of towers.
public struct TowerModelSpec: Sendable {
  public let name: String
  public let summary: String
  public let source: String
  public let parameters: [ParameterSpec]
  /// Modalities without which it cannot be made.
  public let required: [Modality]

  /// The network with freshly initialised heads on given trunks.
  /// - Parameter trunks: initialised or loaded already.
  /// - Throws: ``IeumError`` (usage) for a missing modality, an unknown parameter or a bad value.
  public func make(
    _ given: [String: Scalar] = [:], trunks: [Modality: any Trunk], generator: inout SeededGenerator
  ) throws -> TowerNetwork {
    let values = try Parameters(given, specs: parameters, owner: "model '\(name)'")
    if let missing = required.first(where: { trunks[$0] == nil }) {
      throw IeumError(
        .usage, "'\(name)' needs an encoder for \(missing.rawValue)", place: "model '\(name)'",
        remedy: "add the section '\(missing.rawValue):'")
    }
    let output = values.int("outputDimension")
    var towers: [Modality: Tower] = [:]
    for modality in Modality.allCases {
      guard let trunk = trunks[modality] else { continue }
      let pooling = try TemporalPooling(
        .init(rawValue: values.string("pooling")) ?? .mean, dimension: trunk.dimension, generator: &generator)
      let head = try ProjectionHead(
        trunk.dimension, hidden: values.int("hidden"), output: output, layers: values.int("headLayers"),
        dropout: values.double("dropout"), generator: &generator)
      towers[modality] = Tower(trunk, pooling: pooling, head: head)
    }
    return TowerNetwork(towers, dimension: output)
  }

  private static func parameters(headLayers: Int, hidden: Int, output: Int) -> [ParameterSpec] {
    [
      ParameterSpec("outputDimension", default: .int(output), "length of an embedding"),
      ParameterSpec("headLayers", default: .int(headLayers), "fully connected layers after each trunk"),
      ParameterSpec("hidden", default: .int(hidden), "width between them"),
      ParameterSpec("dropout", default: .double(0), "share of activations dropped between them"),
      ParameterSpec(
        "pooling", default: .string(TemporalPooling.Kind.mean.rawValue), "over the frames of a clip",
        choices: TemporalPooling.Kind.allCases.map(\.rawValue)),
    ]
  }

  /// half2020: image, audio and text, each with two fully connected layers and L2 normalisation. Choice: 512 wide.
  public static let threeTower = TowerModelSpec(
    name: "three-tower", summary: "image, audio and text towers with two fully connected layers each",
    source: "half2020, figure 1", parameters: parameters(headLayers: 2, hidden: 512, output: 512),
    required: [.image, .audio, .text])

  /// Text and one or more other modalities, a linear projection each (VSE++, CLIP).
  public static let dualEncoder = TowerModelSpec(
    name: "dual-encoder", summary: "text and any other modality, a projection head each",
    source: "Faghri et al. 2018 (VSE++), section 3; Radford et al. 2021 (CLIP), fig. 3",
    parameters: parameters(headLayers: 1, hidden: 1024, output: 1024), required: [.text])
}

/// All models made of towers. Adding one: its spec, and its line here.
public enum TowerModelRegistry {
  public static let all: [TowerModelSpec] = [TowerModelSpec.threeTower, TowerModelSpec.dualEncoder]

  /// - Throws: ``IeumError`` (usage) with the nearest known name.
  public static func named(_ name: String) throws -> TowerModelSpec {
    guard let spec = all.first(where: { $0.name == name }) else {
      throw Suggestion.unknown("model", name, known: all.map(\.name))
    }
    return spec
  }
}
