import Basics
import Tensors

/// A second goal of the image tower: a linear map of a clip's vector is to point where a frozen encoder's
/// does.
///
/// The teacher sees pictures as they are, the tower varied ones; the map is thrown away after training.
/// - Source: Yang et al. 2024, "CLIP-KD: An Empirical Study of CLIP Model Distillation" (feature distillation; here
///   with the cosine, which leaves lengths out).
public final class ClipDistillation: Module {
  /// What the mean of 1 − cosine is multiplied by, beside the loss of the pairs.
  public let weight: Double
  private let map: Linear

  /// - Parameters:
  ///   - width: length of a frame's vector.
  ///   - teacher: length of the teacher's.
  public init(width: Int, teacher: Int, weight: Double, generator: inout SeededGenerator) throws {
    self.weight = weight
    map = try Linear(width, teacher, generator: &generator)
    super.init()
    child("map", map)
  }

  /// The weighted loss, a scalar.
  /// - Parameters:
  ///   - frames: `[N, F, D]`, zeros behind a clip's length; a clip counts as the mean of its frames.
  ///   - teacher: `[N, K]`, rows of length 1; a row of zeros teaches nothing.
  public func loss(_ frames: Tensor, lengths: [Int], teacher: Tensor) throws -> Tensor {
    let counts = try Tensor(lengths.map { Float(max(1, $0)) }, shape: [lengths.count, 1]).to(frames.device)
    let told = try map(frames.to(.float32).sum(dim: 1) / counts)
    let cosines = try (RowGeometry.unit(told) * teacher.to(told.device)).sum(dim: 1)
    return try (cosines.mean() * -1 + 1) * weight
  }
}
