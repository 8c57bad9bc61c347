import Basics
import Tensors

extension InferencePrecision {
  /// - Throws: ``IeumError`` (usage) where a text encoder does not know this precision.
  func check(text encoder: String, place: String) throws {
    guard self != .f32 else { return }
    throw IeumError(.usage, "'\(encoder)' computes in f32 only", place: place, remedy: "leave the precision out")
  }
}
