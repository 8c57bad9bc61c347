import Foundation

/// The discrete Fourier transform of any length, in double precision: mixed radix by the length's prime
/// factors.
/// - Complexity: O(n · Σ prime factors).
struct FourierTransform {
  let length: Int
  private let factors: [Int]
  /// e^(−2πik/n), k = 0 ..< n, real and imaginary parts interleaved.
  private let roots: [Double]

  init(length: Int) {
    precondition(length > 0, "a transform of length \(length)")
    self.length = length
    var (rest, factors): (Int, [Int]) = (length, [])
    var factor = 2
    while rest > 1 {
      if rest % factor == 0 {
        factors.append(factor)
        rest /= factor
      } else {
        factor = factor * factor > rest ? rest : factor + 1
      }
    }
    self.factors = factors
    roots = (0..<length).flatMap { k in
      let angle = -2 * Double.pi * Double(k) / Double(length)
      return [cos(angle), sin(angle)]
    }
  }

  /// Transforms `length` complex numbers, real and imaginary parts interleaved.
  func forward(_ input: [Double]) -> [Double] {
    precondition(input.count == 2 * length, "\(input.count) numbers for a transform of length \(length)")
    var scratch = [Double](repeating: 0, count: 2 * (factors.max() ?? 1))
    return [Double](unsafeUninitializedCapacity: 2 * length) { output, count in
      input.withUnsafeBufferPointer { input in
        scratch.withUnsafeMutableBufferPointer { scratch in
          roots.withUnsafeBufferPointer { roots in
            let plan = Plan(input: input, output: output, scratch: scratch, roots: roots, length: length)
            plan.run(factors[...], from: 0, step: 1, to: 0, count: length)
          }
        }
      }
      count = 2 * length
    }
  }
}

/// One transform's buffers; the recursion of Cooley and Tukey, decimating in time.
private struct Plan {
  let input: UnsafeBufferPointer<Double>
  let output: UnsafeMutableBufferPointer<Double>
  let scratch: UnsafeMutableBufferPointer<Double>
  let roots: UnsafeBufferPointer<Double>
  let length: Int

  /// Transforms `count` inputs, `step` apart from `from` on, into the outputs from `to` on.
  func run(_ factors: ArraySlice<Int>, from: Int, step: Int, to: Int, count: Int) {
    guard let radix = factors.first else {
      output[2 * to] = input[2 * from]
      output[2 * to + 1] = input[2 * from + 1]
      return
    }
    let part = count / radix
    for k in 0..<radix {
      run(factors.dropFirst(), from: from + k * step, step: step * radix, to: to + k * part, count: part)
    }
    for j in 0..<part { combine(radix, part, at: to + j, turn: j * (length / count)) }
  }

  /// Joins the j-th outputs of `radix` parts; `turn` is the twiddle's step on the circle of roots.
  private func combine(_ radix: Int, _ part: Int, at base: Int, turn: Int) {
    for k in 0..<radix {
      let at = 2 * (base + k * part)
      let root = 2 * (k * turn % length)
      let (x, y, c, s) = (output[at], output[at + 1], roots[root], roots[root + 1])
      scratch[2 * k] = x * c - y * s
      scratch[2 * k + 1] = x * s + y * c
    }
    if radix == 2 {
      let far = 2 * (base + part)
      output[2 * base] = scratch[0] + scratch[2]
      output[2 * base + 1] = scratch[1] + scratch[3]
      output[far] = scratch[0] - scratch[2]
      output[far + 1] = scratch[1] - scratch[3]
      return
    }
    for q in 0..<radix {
      var (x, y) = (0.0, 0.0)
      for k in 0..<radix {
        let root = 2 * (k * q % radix * (length / radix))
        x += scratch[2 * k] * roots[root] - scratch[2 * k + 1] * roots[root + 1]
        y += scratch[2 * k] * roots[root + 1] + scratch[2 * k + 1] * roots[root]
      }
      output[2 * (base + q * part)] = x
      output[2 * (base + q * part) + 1] = y
    }
  }
}
