import Basics
import CTorch

/// What a recurrent layer gives.
public struct RecurrentOutput {
  /// `[N, T, H·directions]`, zero past each row's length.
  public let outputs: Tensor
  /// The state after each row's last step, `[layers·directions, N, H]`.
  public let hidden: Tensor
  /// The LSTM's cell state, of the same shape.
  public let cell: Tensor?

  /// The last layer's state: `[N, H]`, or `[N, 2·H]` (forward, backward) when bidirectional.
  public func last(bidirectional: Bool = false) throws -> Tensor {
    let top = try hidden.select(dim: 0, index: -1)
    guard bidirectional else { return top }
    return try Tensor.cat([try hidden.select(dim: 0, index: -2), top], dim: 1)
  }
}

/// A recurrent network over sequences, one row's result never depending on padding or on other rows.
///
/// Parameters, as PyTorch names them: `weight_ih_l0 [G·H, D]`, `weight_hh_l0 [G·H, H]`, `bias_ih_l0`, `bias_hh_l0`
/// (G = 1 RNN, 4 LSTM in the order i f g o, 3 GRU in the order r z n), then `…_l0_reverse`, `…_l1`, ….
open class RecurrentLayer: Module {
  public let inputs, hiddenSize, layers: Int
  public let bidirectional: Bool
  private let hasBias: Bool
  private let kind: ct_recurrent_kind
  private let flat: [Tensor]

  init(
    _ kind: ct_recurrent_kind, gates: Int, _ inputs: Int, _ hidden: Int, layers: Int, bias: Bool,
    bidirectional: Bool, generator: inout SeededGenerator
  ) throws {
    guard inputs > 0, hidden > 0, layers > 0 else {
      throw IeumError(.system, "a recurrent layer needs positive sizes, not \(inputs), \(hidden), \(layers) layers")
    }
    (self.kind, self.inputs, hiddenSize, self.layers) = (kind, inputs, hidden, layers)
    (hasBias, self.bidirectional) = (bias, bidirectional)
    let directions = bidirectional ? 2 : 1
    var named: [(String, Tensor)] = []
    for layer in 0..<layers {
      for direction in 0..<directions {
        let width = layer == 0 ? inputs : hidden * directions
        let suffix = "l\(layer)" + (direction == 1 ? "_reverse" : "")
        let biases: [(String, [Int])] = [("bias_ih", [gates * hidden]), ("bias_hh", [gates * hidden])]
        let shapes = [("weight_ih", [gates * hidden, width]), ("weight_hh", [gates * hidden, hidden])]
        for (name, shape) in shapes + (bias ? biases : []) {
          let value = try Initialisation.uniform(shape, fanIn: hidden, generator: &generator)
          named.append(("\(name)_\(suffix)", value))
        }
      }
    }
    flat = named.map(\.1)
    super.init()
    for (name, value) in named { parameter(name, value) }
  }

  /// - Parameters:
  ///   - x: `[N, T, D]`.
  ///   - lengths: steps of each row, 0...T; nil = all T. A row of length 0 gives zeros.
  public func callAsFunction(_ x: Tensor, lengths: [Int]? = nil) throws -> RecurrentOutput {
    let sizes = try x.sizes("[N, T, D]", rank: 3, of: "the input of a recurrent layer")
    if let lengths, lengths.count != sizes[0] {
      throw IeumError(.system, "\(lengths.count) lengths for \(sizes[0]) rows")
    }
    var output: OpaquePointer?
    var hidden: OpaquePointer?
    var cell: OpaquePointer?
    try withHandles(flat) { weights in
      let count = Int64(flat.count)
      try check((lengths?.wide).withOptionalPointer {
        ct_recurrent(
          kind, x.handle, $0, weights, count, Int64(layers), Int64(hiddenSize), hasBias, bidirectional, &output,
          &hidden, &cell)
      })
    }
    guard let output, let hidden else { throw IeumError(.system, "libtorch gave no result") }
    return RecurrentOutput(
      outputs: Tensor(owning: output), hidden: Tensor(owning: hidden), cell: cell.map { Tensor(owning: $0) })
  }
}

/// tanh recurrence.
/// - Source: Elman 1990.
public final class RNN: RecurrentLayer {
  public init(
    _ inputs: Int, _ hidden: Int, layers: Int = 1, bias: Bool = true, bidirectional: Bool = false,
    generator: inout SeededGenerator
  ) throws {
    try super.init(
      CT_RNN, gates: 1, inputs, hidden, layers: layers, bias: bias, bidirectional: bidirectional,
      generator: &generator)
  }
}

/// Long short-term memory.
/// - Source: Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.
public final class LSTM: RecurrentLayer {
  public init(
    _ inputs: Int, _ hidden: Int, layers: Int = 1, bias: Bool = true, bidirectional: Bool = false,
    generator: inout SeededGenerator
  ) throws {
    try super.init(
      CT_LSTM, gates: 4, inputs, hidden, layers: layers, bias: bias, bidirectional: bidirectional,
      generator: &generator)
  }
}

/// Gated recurrent unit.
/// - Source: Cho et al. 2014; the reset gate acts after the product, as in PyTorch.
public final class GRU: RecurrentLayer {
  public init(
    _ inputs: Int, _ hidden: Int, layers: Int = 1, bias: Bool = true, bidirectional: Bool = false,
    generator: inout SeededGenerator
  ) throws {
    try super.init(
      CT_GRU, gates: 3, inputs, hidden, layers: layers, bias: bias, bidirectional: bidirectional,
      generator: &generator)
  }
}

extension [Int64]? {
  func withOptionalPointer<Result>(_ body: (UnsafePointer<Int64>?) throws -> Result) rethrows -> Result {
    guard let self else { return try body(nil) }
    return try self.withUnsafeBufferPointer { try body($0.baseAddress) }
  }
}
