import Basics
import Tensors
import Testing
import Weights

@Suite struct OptimizerTests {
  private struct Runs: Decodable { let runs: [String: [[Double]]] }
  private struct Schedules: Decodable { let stepwise, exponential, cosine: [Double] }

  private func start() throws -> Tensor {
    let p = try Tensor([Float(1), -2, 0.5], shape: [3])
    p.requiresGrad = true
    return p
  }

  private func step(_ p: Tensor, _ optimizer: any Optimizer) throws -> [Double] {
    optimizer.zeroGrad()
    try (p.pow(4) / 4 + p.sin()).sum().backward()
    try optimizer.step()
    return try p.doubles()
  }

  private func make(_ name: String, _ p: [Tensor]) throws -> any Optimizer {
    switch name {
    case "sgd": try SGD(p, learningRate: 0.1)
    case "sgd-momentum": try SGD(p, learningRate: 0.05, momentum: 0.9, weightDecay: 0.1)
    case "sgd-nesterov": try SGD(p, learningRate: 0.05, momentum: 0.9, nesterov: true)
    case "adam": try Adam(p, learningRate: 0.02, weightDecay: 0.1)
    case "adamw": try AdamW(p, learningRate: 0.02, weightDecay: 0.1)
    default: throw IeumError(.usage, name)
    }
  }

  @Test func stepsEqualPyTorch() throws {
    let expected: Runs = try golden("optimisers")
    #expect(expected.runs.count == 5)
    for (name, steps) in expected.runs {
      let p = try start()
      let optimizer = try make(name, [p])
      for (index, wanted) in steps.enumerated() {
        #expect(try largest(step(p, optimizer), wanted) < 2e-6, "\(name), step \(index)")
      }
    }
  }

  /// The fused float32 pass against the plain one that float64 takes, over more than one share of the work.
  @Test func fusedAdamEqualsThePlainOne() throws {
    for decay in [0, 0.1] {
      let values = try sample([3, 30_011])
      let (narrow, wide) = (try values.to(.float32), try values.to(.float32).to(.float64))
      for p in [narrow, wide] { p.requiresGrad = true }
      let runs = try [narrow, wide].map { ($0, try Adam([$0], weightDecay: decay)) }
      for _ in 0..<3 {
        for (p, optimizer) in runs {
          optimizer.zeroGrad()
          try p.sin().sum().backward()
          try optimizer.step()
        }
      }
      #expect(try (narrow.detached().to(.float64) - wide.detached()).abs().max().item() < 1e-6)
    }
  }

  @Test func restoredStateGoesOnExactly() throws {
    for name in ["sgd-momentum", "adam", "adamw"] {
      let p = try start()
      let optimizer = try make(name, [p])
      for _ in 0..<3 { _ = try step(p, optimizer) }
      let (values, state) = (try p.floats(), try optimizer.state())
      let wanted = try step(p, optimizer)
      let q = try Tensor(values, shape: [3])
      q.requiresGrad = true
      let other = try make(name, [q])
      try other.load(state, file: "checkpoint")
      #expect(try step(q, other) == wanted, "\(name)")
      #expect(throws: IeumError.self) { try other.load(Array(state.dropLast()), file: "checkpoint") }
    }
  }

  @Test func clipping() throws {
    let (a, b) = (try Tensor([Float(1)], shape: [1]), try Tensor([Float(1)], shape: [1]))
    a.requiresGrad = true
    b.requiresGrad = true
    try (a * 3 + b * 4).sum().backward()
    #expect(try clipGradients([a, b], maxNorm: 10) == 5)
    #expect(try a.grad?.item() == 3)
    try clipGradients([a, b], maxNorm: 1)
    #expect(abs(try #require(a.grad).item() - 0.6) < 1e-6)
    #expect(abs(try #require(b.grad).item() - 0.8) < 1e-6)
  }

  @Test func schedules() throws {
    let expected: Schedules = try golden("schedules")
    func trace(_ schedule: Schedule, _ count: Int) -> [Double] { (0..<count).map { schedule.factor(at: $0) } }
    #expect(largest(trace(.stepwise(every: 3, factor: 0.5), 10), expected.stepwise) < 1e-12)
    #expect(largest(trace(.exponential(factor: 0.9), 10), expected.exponential) < 1e-12)
    #expect(largest(trace(.cosine(warmup: 0, total: 8, floor: 0.1), 9), expected.cosine) < 1e-12)
    #expect(trace(.linear(warmup: 2, total: 6), 8) == [0, 0.5, 1, 0.75, 0.5, 0.25, 0, 0])
    #expect(Schedule.constant.factor(at: 1000) == 1)
  }
}
