import Basics
import Foundation
import Models
import Tensors

/// Measures an image encoder from preprocessed pixels to features.
public final class EncoderBench {
  private let encoder: ImageEncoder
  private let pixels: [Float]
  private let images: Int

  /// - Parameters:
  ///   - images: per call.
  ///   - compiled: false measures libtorch's operators instead.
  public init(_ name: String, precision: InferencePrecision, device: Device = .cpu, images: Int, compiled: Bool) throws {
    let spec = try ImageEncoderRegistry.named(name)
    encoder = try ImageEncoder.load(spec, device: device, precision: precision, compiled: compiled)
    self.images = images
    let side = spec.preprocessing.crop
    var generator = SeededGenerator(seed: 1)
    let row = (0..<4096).map { _ in Float(2 * generator.uniform() - 1) }
    pixels = (0..<images * 3 * side * side).map { row[($0 &* 31) & 4095] }
    _ = try encoder.encode(pixels: pixels, count: images)
  }

  /// Why the encoder is not compiled, if it is not.
  public var slowdown: String? { encoder.slowdown }

  public func sample(seconds: Double) throws -> Sample {
    try Sample.of(seconds) {
      _ = try encoder.encode(pixels: pixels, count: images)
      return images
    }
  }

  /// Where the time of a compiled encoder goes, by kind of step.
  public func profile(seconds: Double) throws -> StageProfile {
    let (sample, steps) = try timedSteps(seconds)
    let kinds = steps.map { Stage(PlanStep.kind(of: $0.name), seconds: $0.seconds, operations: $0.operations) }
    return StageProfile(sample, kinds.merged.sorted { $0.seconds > $1.seconds })
  }

  /// The same step by step, as the plan carries them out.
  public func steps(seconds: Double) throws -> StageProfile {
    let (sample, steps) = try timedSteps(seconds)
    return StageProfile(sample, steps)
  }

  private func timedSteps(_ seconds: Double) throws -> (Sample, [Stage]) {
    try encoder.profile(true)
    let sample = try sample(seconds: seconds)
    return (sample, try encoder.profile(false))
  }
}

/// The lines of a plan.
enum PlanStep {
  /// What steps of different sizes have in common: `conv 1x1/1 -> 256x56x56 + sum  jit_1x1:avx512_core` is a
  /// `conv 1x1/1`, and one with as many groups as channels is called depth-wise.
  static func kind(of step: String) -> String {
    let what = step.components(separatedBy: "  ")[0]
      .replacingOccurrences(of: #" groups \d+"#, with: " depth-wise", options: .regularExpression)
      .replacingOccurrences(of: #" -> \d+x\d+x\d+"#, with: "", options: .regularExpression)
    for prefix in ["join", "means"] where what.hasPrefix(prefix) { return prefix }
    return what.hasSuffix(" + sum") ? String(what.dropLast(6)) : what
  }
}
