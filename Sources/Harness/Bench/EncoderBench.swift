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

  /// Where the time of a compiled encoder goes: per kind of step its seconds per image and its share.
  public func profile(seconds: Double) throws -> String {
    try encoder.profile(true)
    let sample = try sample(seconds: seconds)
    let steps = try encoder.profile(false).compactMap { line -> (name: String, seconds: Double)? in
      let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
      guard parts.count == 2, let seconds = Double(parts[0]) else { return nil }
      return (parts[1].trimmingCharacters(in: .whitespaces), seconds)
    }
    return StageProfile.lines(steps, items: sample.perSecond * sample.seconds, perSecond: sample.perSecond)
  }
}
