import Foundation
import Models
import Ranking
import Tensors
import Testing

/// What bf16 features change in an evaluation, against what another seed changes.
@Suite struct ReducedPrecisionTests {
  private static let (classes, views) = (12, 4)
  private static let count = classes * views

  /// Gratings: the views of a class share their frequencies and differ in phase and contrast.
  private func pixels(side: Int) -> [Float] {
    func waves(_ frequency: Float, _ phase: Float) -> [Float] { (0..<side).map { sin(Float($0) * frequency + phase) } }
    var values: [Float] = []
    values.reserveCapacity(Self.count * 3 * side * side)
    for image in 0..<Self.count {
      let (kind, view) = (Float(image / Self.views), Float(image % Self.views))
      for channel in 0..<3 {
        let across = waves(0.05 + 0.011 * kind, 1.7 * view + Float(channel))
        let down = waves(0.31 - 0.017 * kind, 0.9 * view)
        for y in 0..<side { values += across.map { $0 * (0.8 + 0.1 * view) + down[y] } }
      }
    }
    return values
  }

  /// Every image looks for the others of its class.
  private func recalls(_ features: [Float], dimension: Int) throws -> [Double] {
    let relevant = (0..<Self.count).map { image in
      (0..<Self.count).filter { $0 != image && $0 / Self.views == image / Self.views }
    }
    let problem = try RankingProblem(
      queries: features, gallery: features, dimension: dimension,
      indptr: relevant.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }, indices: relevant.flatMap { $0 },
      exclude: Array(0..<Self.count))
    return try RankingEvaluator.evaluate(
      problem, similarity: .cosine, metrics: ["R@1", "R@5", "R@10"].map { try Metric.parse($0) }
    ).metrics.map(\.value)
  }

  @Test(.enabled(if: TensorRuntime.convolvesInBF16)) func recallStaysWithinTheNoiseOfSeeds() throws {
    let spec = try ImageEncoderRegistry.named("resnet18")
    let pixels = pixels(side: spec.preprocessing.crop)
    func recalls(_ seed: UInt64, _ precision: InferencePrecision) throws -> [Double] {
      let encoder = try ImageEncoder.load(spec, seed: seed, precision: precision)
      return try self.recalls(try encoder.encode(pixels: pixels, count: Self.count), dimension: encoder.dimension)
    }
    let full = try [1, 2, 3].map { try recalls($0, .f32) }
    let half = try recalls(1, .bf16)
    for metric in half.indices {
      let seeds = full.map { $0[metric] }
      let mean = seeds.reduce(0, +) / Double(seeds.count)
      let deviation = (seeds.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(seeds.count - 1)).squareRoot()
      // One query more or less is the least that can change.
      let least = (full[0][metric] > 1 ? 100 : 1) / Double(Self.count)
      #expect(
        abs(half[metric] - full[0][metric]) <= max(deviation, least) + 1e-9,
        "\(half[metric]) in bf16, \(seeds) in f32")
    }
    // A retrieval that is neither by chance nor perfect, so that it could change.
    #expect(full[0] != [0, 0, 0])
  }
}
