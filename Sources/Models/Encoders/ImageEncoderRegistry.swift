import Basics

/// All image encoders, in the order in which lists show them.
public enum ImageEncoderRegistry {
  public static let all: [ImageEncoderSpec] =
    ResNet.specs + [InceptionV3.spec] + EfficientNet.specs + EfficientNet.liteSpecs
    + VisionTransformer.specs

  /// - Throws: ``IeumError`` (usage) with the nearest known name.
  public static func named(_ name: String) throws -> ImageEncoderSpec {
    guard let spec = all.first(where: { $0.name == name }) else {
      throw Suggestion.unknown("image encoder", name, known: all.map(\.name))
    }
    return spec
  }
}
