import Basics
import Models
import Tensors

extension InferencePrecision {
  /// - Throws: ``IeumError`` (usage) where a text encoder does not know this precision.
  func check(text encoder: TextEncoderSpec, place: String) throws {
    guard self != .f32, encoder.isTrainable || encoder.input != .subwords else { return }
    throw IeumError(
      .usage, "'\(encoder.name)' has no frozen layers to compute in \(rawValue)", place: place,
      remedy: "leave the precision out, or set that of the training")
  }
}
