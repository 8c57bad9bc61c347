import Basics
import Tensors
import Testing

/// The own recurrent layers against the definition of each cell, sequence by sequence in float64.
@Suite struct RecurrentTests {
  enum Kind: String, CaseIterable {
    case rnn, gru, lstm

    func layer(_ d: Int, _ h: Int, layers: Int, bias: Bool, both: Bool, seed: UInt64) throws -> RecurrentLayer {
      var g = SeededGenerator(seed: seed)
      switch self {
      case .rnn: return try RNN(d, h, layers: layers, bias: bias, bidirectional: both, generator: &g)
      case .gru: return try GRU(d, h, layers: layers, bias: bias, bidirectional: both, generator: &g)
      case .lstm: return try LSTM(d, h, layers: layers, bias: bias, bidirectional: both, generator: &g)
      }
    }

    /// The next state and cell, `[1, H]`, from what the input and the state give to the gates, `[1, G·H]` each.
    func step(_ x: Tensor, _ s: Tensor, state: Tensor, cell: Tensor) throws -> (Tensor, Tensor) {
      let h = state.shape[1]
      func gate(_ t: Tensor, _ k: Int) throws -> Tensor { try t.narrow(dim: 1, start: k * h, length: h) }
      func sum(_ k: Int) throws -> Tensor { try gate(x, k) + gate(s, k) }
      switch self {
      case .rnn: return (try sum(0).tanh(), cell)
      case .gru:
        let (r, z) = (try sum(0).sigmoid(), try sum(1).sigmoid())
        let n = try (gate(x, 2) + r * gate(s, 2)).tanh()
        return (try (1 - z) * n + z * state, cell)
      case .lstm:
        let next = try sum(1).sigmoid() * cell + sum(0).sigmoid() * sum(2).tanh()
        return (try sum(3).sigmoid() * next.tanh(), next)
      }
    }
  }

  struct Case {
    var kind: Kind
    var inputs = 3, hidden = 5, layers = 1, rows = 4, time = 6
    var bias = true, both = false
    var lengths: [Int]?
    var seed: UInt64 = 1
  }

  static var cases: [Case] {
    Kind.allCases.flatMap { kind in
      [
        Case(kind: kind), Case(kind: kind, hidden: 1, rows: 1, time: 1), Case(kind: kind, hidden: 16, bias: false),
        Case(kind: kind, inputs: 17, hidden: 37, layers: 2, both: true, lengths: [6, 1, 4, 4], seed: 2),
        Case(kind: kind, hidden: 33, both: true, seed: 3),
        Case(kind: kind, inputs: 1, hidden: 19, layers: 3, rows: 5, time: 4, lengths: [0, 4, 2, 0, 1], seed: 4),
        Case(kind: kind, inputs: 40, hidden: 64, rows: 70, time: 3, seed: 5),
      ]
    }
  }

  /// Outputs `[N, T, H·directions]`, last states and cells `[layers·directions, N, H]`.
  private func expected(_ c: Case, _ layer: RecurrentLayer, _ x: Tensor) throws -> [Tensor] {
    let weights = Dictionary(uniqueKeysWithValues: layer.namedParameters())
    func weight(_ name: String) throws -> Tensor? { try weights[name]?.to(.float64) }
    var outputs: [Tensor] = []
    var states = [[Tensor]](repeating: [], count: c.layers * (c.both ? 2 : 1))
    var cells = states
    for row in 0..<c.rows {
      let length = c.lengths?[row] ?? c.time
      var steps = try (0..<length).map { try x.select(dim: 0, index: row).narrow(dim: 0, start: $0, length: 1) }
      for l in 0..<c.layers {
        var sides: [[Tensor]] = []
        for side in 0..<(c.both ? 2 : 1) {
          let name = "l\(l)" + (side == 1 ? "_reverse" : "")
          let (wx, ws) = (try #require(try weight("weight_ih_\(name)")), try #require(try weight("weight_hh_\(name)")))
          let (bx, bs) = (try weight("bias_ih_\(name)"), try weight("bias_hh_\(name)"))
          var state = try Tensor.zeros([1, c.hidden], dtype: .float64)
          var cell = state
          var made: [Tensor] = []
          for step in side == 1 ? steps.reversed() : steps {
            var (a, b) = (try step.matmul(wx.transposed(0, 1)), try state.matmul(ws.transposed(0, 1)))
            if let bx, let bs { (a, b) = (try a + bx, try b + bs) }
            (state, cell) = try c.kind.step(a, b, state: state, cell: cell)
            made.append(state)
          }
          sides.append(side == 1 ? made.reversed() : made)
          states[l * (c.both ? 2 : 1) + side].append(state)
          cells[l * (c.both ? 2 : 1) + side].append(cell)
        }
        steps = try steps.indices.map { i in try Tensor.cat(sides.map { $0[i] }, dim: 1) }
      }
      let width = c.hidden * (c.both ? 2 : 1)
      let empty = try Tensor.zeros([c.time - length, width], dtype: .float64)
      outputs.append(try Tensor.cat(steps + [empty], dim: 0))
    }
    func stacked(_ parts: [[Tensor]]) throws -> Tensor {
      try Tensor.stack(parts.map { try Tensor.cat($0, dim: 0) }, dim: 0)
    }
    return [try Tensor.stack(outputs, dim: 0), try stacked(states)] + (c.kind == .lstm ? [try stacked(cells)] : [])
  }

  /// What both ways give: results, then the gradients of the input and of each parameter, where all results count.
  private func results(
    _ layer: RecurrentLayer, _ x: Tensor, _ run: (Tensor) throws -> [Tensor]
  ) throws -> [(String, [Double])] {
    for p in layer.parameters() { p.zeroGrad() }
    let leaf = try x.copy().detached()
    leaf.requiresGrad = true
    let outputs = try run(leaf)
    let zero = try Tensor.scalar(0, dtype: .float64)
    try outputs.map { try weighted($0.to(.float64)) }.reduce(zero) { try $0 + $1 }.backward()
    return try zip(["outputs", "hidden", "cell"], outputs).map { ($0, try $1.doubles()) }
      + [("input", try #require(leaf.grad).doubles())]
      + layer.namedParameters().map { ($0, try #require($1.grad).doubles()) }
  }

  private func made(_ c: Case) throws -> (layer: RecurrentLayer, input: Tensor) {
    let layer = try c.kind.layer(c.inputs, c.hidden, layers: c.layers, bias: c.bias, both: c.both, seed: c.seed)
    return (layer, try sample([c.rows, c.time, c.inputs], seed: c.seed + 10).to(.float32))
  }

  private func own(_ c: Case, _ layer: RecurrentLayer, _ x: Tensor) throws -> [(String, [Double])] {
    try results(layer, x) {
      let r = try layer($0, lengths: c.lengths)
      return [r.outputs, r.hidden] + (r.cell.map { [$0] } ?? [])
    }
  }

  @Test(arguments: cases) func agreesWithTheDefinition(_ c: Case) throws {
    let (layer, x) = try made(c)
    let wanted = try results(layer, x) { try expected(c, layer, $0.to(.float64)) }
    for ((name, found), (_, value)) in zip(try own(c, layer, x), wanted) {
      #expect(largest(found, value) < 2e-5, "\(c): \(name)")
    }
  }

  @Test(arguments: cases.filter { $0.rows > 1 }) func bfloat16IsNear(_ c: Case) throws {
    let (layer, x) = try made(c)
    let wanted = try own(c, layer, x)
    let found = try TensorRuntime.autocast(.bfloat16) { try own(c, layer, x) }
    for ((name, a), (_, b)) in zip(found, wanted) {
      func dot(_ u: [Double], _ v: [Double]) -> Double { zip(u, v).map(*).reduce(0, +) }
      let lengths = (dot(a, a) * dot(b, b)).squareRoot()
      #expect(lengths == 0 || dot(a, b) / lengths > 0.998, "\(c): \(name)")
    }
  }

  @Test(arguments: Kind.allCases) func onlyTheLastStateIsUsed(_ kind: Kind) throws {
    let c = Case(kind: kind, both: true, lengths: [2, 6, 3, 1])
    let (layer, x) = try made(c)
    let found = try results(layer, x) { [try layer($0, lengths: c.lengths).last(bidirectional: true)] }
    let wanted = try results(layer, x) {
      let hidden = try expected(c, layer, $0.to(.float64))[1]
      return [try Tensor.cat([hidden.select(dim: 0, index: 0), hidden.select(dim: 0, index: 1)], dim: 1)]
    }
    for ((name, a), (_, b)) in zip(found, wanted) { #expect(largest(a, b) < 2e-5, "\(kind): \(name)") }
  }

  @Test func theSameTwice() throws {
    let c = Case(kind: .gru, inputs: 40, hidden: 64, rows: 70, time: 3)
    let (layer, x) = try made(c)
    let (first, second) = (try own(c, layer, x), try own(c, layer, x))
    for (a, b) in zip(first, second) {
      let equal = a.1.map(\.bitPattern) == b.1.map(\.bitPattern)
      #expect(equal, "\(a.0) differs by \(largest(a.1, b.1))")
    }
  }

  @Test func noNumberStaysNoNumber() throws {
    let (layer, _) = try made(Case(kind: .lstm))
    let x = try Tensor([Float](repeating: .nan, count: 12), shape: [2, 2, 3])
    #expect(try layer(x).outputs.doubles().allSatisfy(\.isNaN))
    #expect(try TensorRuntime.autocast(.bfloat16) { try layer(x).outputs.doubles().allSatisfy(\.isNaN) })
  }
}
