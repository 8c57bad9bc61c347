import Basics
import Foundation
import Tensors
import Testing

/// Compiled transformer layers against the same arithmetic, written out in doubles.
struct TransformerStackTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var width, heads, hidden: Int
    var activation = TransformerStack.Activation.gelu
    var normalisesFirst = false, isCausal = false
    var lengths: [Int]
    var threads = 2

    var testDescription: String {
      "\(width) wide, \(heads) heads, \(lengths) on \(threads), \(activation), \(isCausal), \(normalisesFirst)"
    }
  }

  /// Heads of 5 to 80; sentences that go on one thread each, on all together, or nowhere; a perceptron in parts.
  static let cases = [
    Case(width: 15, heads: 3, hidden: 70, lengths: [1, 15, 16, 17, 33]),
    Case(width: 34, heads: 2, hidden: 33, isCausal: true, lengths: [33, 17, 16, 15, 1, 0], threads: 1),
    Case(width: 64, heads: 2, hidden: 128, activation: .geluTanh, normalisesFirst: true, lengths: [32, 32, 32, 32]),
    Case(width: 66, heads: 2, hidden: 70, normalisesFirst: true, isCausal: true, lengths: [16, 47, 17, 31], threads: 3),
    Case(
      width: 64, heads: 1, hidden: 96, activation: .quickGELU, normalisesFirst: true, isCausal: true,
      lengths: [77, 76]),
    Case(width: 80, heads: 1, hidden: 60, activation: .relu, lengths: [1]),
    Case(width: 32, heads: 1, hidden: 40, lengths: [512]),
    Case(width: 16, heads: 2, hidden: 1101, lengths: [40, 3, 38]),
    Case(width: 20, heads: 2, hidden: 40, isCausal: true, lengths: [9, 512, 300], threads: 1),
  ]

  private struct Weights {
    let qkv, qkvBias, out, outBias, up, upBias, down, downBias: [Float]
    let attentionGain, attentionShift, perceptronGain, perceptronShift: [Float]

    init(_ one: Case) {
      var generator = SeededGenerator(seed: 5)
      func values(_ count: Int, _ size: Double, around middle: Double = 0) -> [Float] {
        (0..<count).map { _ in Float(middle + size * (Double(generator.next() % 20001) / 10000 - 1)) }
      }
      let (width, hidden) = (one.width, one.hidden)
      let (narrow, wide) = (3 / Double(width).squareRoot(), 2 / Double(hidden).squareRoot())
      (qkv, qkvBias) = (values(3 * width * width, narrow), values(3 * width, 0.1))
      (out, outBias) = (values(width * width, narrow), values(width, 0.1))
      (up, upBias) = (values(hidden * width, narrow), values(hidden, 0.1))
      (down, downBias) = (values(width * hidden, wide), values(width, 0.1))
      (attentionGain, attentionShift) = (values(width, 0.1, around: 1), values(width, 0.1))
      (perceptronGain, perceptronShift) = (values(width, 0.1, around: 1), values(width, 0.1))
    }

    func layer(_ one: Case) throws -> TransformerStack.Layer {
      func linear(_ weight: [Float], _ bias: [Float]) throws -> TransformerStack.Linear {
        .init(try Tensor(weight, shape: [bias.count, weight.count / bias.count]), try Tensor(bias, shape: [bias.count]))
      }
      func norm(_ gain: [Float], _ shift: [Float]) throws -> LayerNorm {
        let norm = try LayerNorm(one.width)
        try norm.weight.assign(try Tensor(gain, shape: [one.width]))
        try norm.bias.assign(try Tensor(shift, shape: [one.width]))
        return norm
      }
      return TransformerStack.Layer(
        attention: try linear(qkv, qkvBias), output: try linear(out, outBias), up: try linear(up, upBias),
        down: try linear(down, downBias), attentionNorm: try norm(attentionGain, attentionShift),
        perceptronNorm: try norm(perceptronGain, perceptronShift))
    }
  }

  private func linear(_ x: [[Double]], _ weight: [Float], _ bias: [Float]) -> [[Double]] {
    let columns = weight.map(Double.init)
    return x.map { row in
      bias.indices.map { output in
        var sum = Double(bias[output])
        for i in row.indices { sum += row[i] * columns[output * row.count + i] }
        return sum
      }
    }
  }

  private func normalised(_ x: [[Double]], _ gain: [Float], _ shift: [Float]) -> [[Double]] {
    x.map { row in
      let mean = row.reduce(0, +) / Double(row.count)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
      let deviation = (variance + 1e-5).squareRoot()
      return row.indices.map { (row[$0] - mean) / deviation * Double(gain[$0]) + Double(shift[$0]) }
    }
  }

  private func activated(_ x: Double, _ activation: TransformerStack.Activation) -> Double {
    switch activation {
    case .gelu: 0.5 * x * erfc(-x / 2.0.squareRoot())
    case .geluTanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .quickGELU: x / (1 + exp(-1.702 * x))
    case .relu: max(x, 0)
    }
  }

  private func attended(_ joined: [[Double]], _ one: Case) -> [[Double]] {
    let size = one.width / one.heads
    return joined.indices.map { place in
      let seen = one.isCausal ? place + 1 : joined.count
      return (0..<one.heads).flatMap { head in
        let query = joined[place][(head * size)..<((head + 1) * size)]
        let scores = (0..<seen).map { other in
          zip(query, joined[other][(one.width + head * size)...]).reduce(0.0) { $0 + $1.0 * $1.1 }
            / Double(size).squareRoot()
        }
        let highest = scores.max() ?? 0
        let powers = scores.map { exp($0 - highest) }
        let sum = powers.reduce(0, +)
        var mixed = [Double](repeating: 0, count: size)
        for other in 0..<seen {
          for i in 0..<size { mixed[i] += powers[other] / sum * joined[other][2 * one.width + head * size + i] }
        }
        return mixed
      }
    }
  }

  /// One layer over one sentence.
  private func plain(_ x: [[Double]], _ weights: Weights, _ one: Case) -> [[Double]] {
    func norm(_ x: [[Double]], _ gain: [Float], _ shift: [Float], _ wanted: Bool) -> [[Double]] {
      wanted ? normalised(x, gain, shift) : x
    }
    func sum(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] { zip(a, b).map { zip($0, $1).map { $0 + $1 } } }
    let (gain, shift) = (weights.attentionGain, weights.attentionShift)
    let joined = linear(norm(x, gain, shift, one.normalisesFirst), weights.qkv, weights.qkvBias)
    let branch = linear(attended(joined, one), weights.out, weights.outBias)
    let middle = norm(sum(x, branch), gain, shift, !one.normalisesFirst)
    let (own, moved) = (weights.perceptronGain, weights.perceptronShift)
    let wide = linear(norm(middle, own, moved, one.normalisesFirst), weights.up, weights.upBias)
      .map { $0.map { activated($0, one.activation) } }
    return norm(sum(middle, linear(wide, weights.down, weights.downBias)), own, moved, !one.normalisesFirst)
  }

  @Test(arguments: cases)
  func agreesWithDoubles(one: Case) throws {
    let (weights, time) = (Weights(one), one.lengths.max() ?? 0)
    var generator = SeededGenerator(seed: 6)
    let input = (0..<one.lengths.count * time * one.width).map { _ in Float(generator.next() % 3001) / 1000 - 1.5 }
    let x = try Tensor(input, shape: [one.lengths.count, time, one.width])
    for precision in precisions {
      let stack = try stack(one, precision, threads: one.threads)
      let own = try stack(x, lengths: one.lengths).floats()
      #expect(try stack(x, lengths: one.lengths).floats() == own)
      for (row, length) in one.lengths.enumerated() {
        let start = row * time * one.width, end = start + length * one.width
        #expect(Array(own[end..<(start + time * one.width)]) == Array(input[end..<(start + time * one.width)]))
        let places = (0..<length).map { place in
          input[(start + place * one.width)..<(start + (place + 1) * one.width)].map(Double.init)
        }
        let expected = plain(places, weights, one).flatMap { $0 }
        compare(own[start..<end].map(Double.init), expected, precision)
      }
    }
  }

  /// A row's bits depend neither on its company nor on the threads.
  @Test func rowsStandAlone() throws {
    let one = Case(width: 48, heads: 3, hidden: 1500, lengths: [3, 40, 17, 25, 40])
    let (row, time) = (40 * one.width, 40)
    var generator = SeededGenerator(seed: 7)
    let input = (0..<one.lengths.count * row).map { _ in Float(generator.next() % 3001) / 1000 - 1.5 }
    let x = try Tensor(input, shape: [one.lengths.count, time, one.width])
    for precision in precisions {
      let expected = try stack(one, precision, threads: 1)(x, lengths: one.lengths).floats()
      for threads in [2, 3] {
        let stack = try stack(one, precision, threads: threads)
        #expect(try stack(x, lengths: one.lengths).floats() == expected)
        for (index, length) in one.lengths.enumerated() {
          let own = index * row..<(index + 1) * row
          let alone = try Tensor(Array(input[own]), shape: [1, time, one.width])
          #expect(try stack(alone, lengths: [length]).floats() == Array(expected[own]))
        }
      }
    }
  }

  private var precisions: [InferencePrecision] { TensorRuntime.convolvesInBF16 ? [.f32, .bf16] : [.f32] }

  private func stack(_ one: Case, _ precision: InferencePrecision, threads: Int) throws -> TransformerStack {
    let shape = TransformerStack.Shape(
      width: one.width, heads: one.heads, hidden: one.hidden, activation: one.activation,
      normalisesFirst: one.normalisesFirst, isCausal: one.isCausal, epsilon: 1e-5)
    return try TransformerStack(shape, layers: [try Weights(one).layer(one)], precision: precision, threads: threads)
  }

  private func compare(_ own: [Double], _ expected: [Double], _ precision: InferencePrecision) {
    if precision == .f32 {
      let worst = zip(own, expected).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
      #expect(worst < 1e-4, "\(worst)")
    } else if !own.isEmpty {
      func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
      let cosine = product(own, expected) / (product(own, own) * product(expected, expected)).squareRoot()
      #expect(cosine > 0.999, "\(cosine)")
    }
  }
}
