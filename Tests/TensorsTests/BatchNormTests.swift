import Basics
import Foundation
import Tensors
import Testing

/// Batch normalisation in one pass, over channels that lie side by side, against libtorch's operators in float64.
@Suite struct BatchNormTests {
  struct Case: Sendable, CustomStringConvertible {
    var shape: [Int]
    var adds = false
    var bounds: ClosedRange<Double> = -.infinity ... .infinity
    var offset = 0.0
    var description: String { "\(shape)\(adds ? " + residual" : "") in \(bounds), around \(offset)" }
  }

  static let cases: [Case] = {
    let shapes = [[2, 3, 5, 4], [1, 16, 6, 6], [3, 37, 7, 5], [2, 64, 33, 31], [1, 5, 1, 2], [4, 1, 3, 3]]
    let bounds: [ClosedRange<Double>] = [-.infinity ... .infinity, 0 ... .infinity, 0...1.5]
    return shapes.flatMap { shape in
      bounds.flatMap { bounds in [false, true].map { Case(shape: shape, adds: $0, bounds: bounds) } }
    } + [Case(shape: [2, 20, 9, 9], offset: 300)]
  }()

  struct Outcome {
    var parts: [String: Tensor] = [:]

    init(_ test: Case, _ dtype: DType, channelsLast: Bool, momentum: Double = 0.3) throws {
      let channels = [test.shape[1]]
      // bfloat16's numbers, so that all precisions start from the same.
      func leaf(_ shape: [Int], _ seed: UInt64, _ type: DType, offset: Double = 0) throws -> Tensor {
        var x = try (sample(shape, seed: seed) + offset).to(.float32).to(.bfloat16).to(.float32).to(type)
        if channelsLast && shape.count == 4 { x = try x.channelsLast() }
        x.requiresGrad = true
        return x
      }
      let sums: DType = dtype == .bfloat16 ? .float32 : dtype
      let x = try leaf(test.shape, 1, dtype, offset: test.offset)
      let weight = try leaf(channels, 2, sums)
      let bias = try leaf(channels, 3, sums)
      let residual = test.adds ? try leaf(test.shape, 4, dtype) : nil
      let mean = try sample(channels, seed: 5).to(.float32).to(sums)
      let variance = try sample(channels, seed: 6, in: 0.5...2).to(.float32).to(sums)
      let y = try x.batchNorm(
        weight: weight, bias: bias, runningMean: mean, runningVar: variance, training: true, momentum: momentum,
        adding: residual, bounds: test.bounds)
      let slopes = try Tensor((0..<y.count).map { cos(Double($0)) }, shape: y.shape).to(.bfloat16).to(sums)
      try (y.to(sums) * slopes).sum().backward()
      parts = [
        "y": try y.detached(), "mean": mean, "variance": variance, "dx": try #require(x.grad),
        "dweight": try #require(weight.grad), "dbias": try #require(bias.grad),
      ]
      if let residual { parts["dresidual"] = residual.grad }
    }

    /// Largest difference relative to the largest value, by part. With two places to a channel the gradient of x is
    /// what is left of terms a hundred times as large, hence the least scale.
    func errors(against other: Outcome) throws -> [(String, Double)] {
      try parts.map { name, part in
        let (a, b) = (try part.to(.float64), other.parts[name]!)
        guard a.shape == b.shape else { return (name, .infinity) }
        return (name, try (a - b).abs().max().item() / max(b.abs().max().item(), 0.1))
      }
    }
  }

  @Test(arguments: cases) func agreesWithTheOperators(_ test: Case) throws {
    let expected = try Outcome(test, .float64, channelsLast: false)
    // An offset of 150 deviations costs as many roundings.
    let tolerance = test.offset == 0 ? 2e-5 : 2e-4
    for (part, error) in try Outcome(test, .float32, channelsLast: true).errors(against: expected) {
      #expect(error < tolerance, "\(part) of \(test)")
    }
  }

  /// Results rounded to 8 bits; one next to a bound may fall on its other side, so the bounds are left out.
  @Test func agreesInBrief() throws {
    for test in Self.cases where test.bounds.upperBound == .infinity && test.bounds.lowerBound < 0 && test.offset == 0 {
      let expected = try Outcome(test, .float64, channelsLast: false)
      for (part, error) in try Outcome(test, .bfloat16, channelsLast: true).errors(against: expected) {
        #expect(error < 1e-2, "\(part) of \(test)")
      }
    }
  }

  @Test func keepsTypeAndLayout() throws {
    let y = try #require(Outcome(Self.cases[7], .bfloat16, channelsLast: true).parts["y"])
    #expect(y.dtype == .bfloat16 && y.isChannelsLast)
  }

  @Test func isTheSameForAnyNumberOfThreads() throws {
    let test = Case(shape: [4, 24, 64, 64], adds: true, bounds: 0 ... .infinity)
    let threads = TensorRuntime.threads
    defer { try? TensorRuntime.setThreads(threads) }
    var found: [Outcome] = []
    for count in [1, 1, 3] {
      try TensorRuntime.setThreads(count)
      found.append(try Outcome(test, .float32, channelsLast: true))
    }
    for (name, part) in found[0].parts {
      #expect(try part.floats() == found[1].parts[name]!.floats(), "\(name), again")
      #expect(try part.floats() == found[2].parts[name]!.floats(), "\(name), 3 threads")
    }
  }
}
