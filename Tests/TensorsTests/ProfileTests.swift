import Basics
import Tensors
import Testing

/// What is told of where the time goes: which parts there are, and the work that is counted in them.
@Suite(.serialized) struct ProfileTests {
  @Test func stepsOfAPlanTellTheirOperations() throws {
    let graph = try InferenceGraph(channels: 3, height: 20, width: 24)
    let convolved = try graph.convolution(
      graph.input, weight: .full([32, 3, 3, 3], 0.1), scale: [Float](repeating: 1, count: 32),
      shift: [Float](repeating: 0, count: 32), window: .init(kernel: 3, stride: 1, padding: 1), groups: 1,
      activation: .relu)
    let plan = try graph.compile(convolved, batch: 2, threads: 1)
    let pixels = [Float](repeating: 1, count: 2 * 3 * 20 * 24)
    var features = [Float](repeating: 0, count: 2 * 32)
    func run() throws {
      try pixels.withUnsafeBufferPointer { from in
        try features.withUnsafeMutableBufferPointer { try plan.run(from, into: $0) }
      }
    }
    try run()
    for runs in [3, 1] {
      plan.profile(true)
      for _ in 0..<runs { try run() }
      let steps = plan.profile(false)
      #expect(steps.map(\.name) == plan.steps)
      let counted = steps.reduce(0) { $0 + $1.operations }
      #expect(counted == Double(runs * 2) * 2 * Double(32 * 3 * 3 * 3 * 20 * 24), "\(runs) runs")
      #expect(steps.allSatisfy { $0.seconds >= 0 } && steps[0].seconds > 0)
    }
  }

  @Test func operatorsTellTheirOperations() throws {
    let (left, right) = (try Tensor.full([7, 11], 0.5), try Tensor.full([11, 13], 0.5))
    left.requiresGrad = true
    let operators = try TensorRuntime.operators { try left.matmul(right).sum().backward() }
    // The product, and the gradient of one of its sides, by the BLAS or, with several threads, by oneDNN. Other tests
    // may compute beside this one.
    let products = operators.filter { ["mm", "product"].contains($0.name) }
    #expect(products.reduce(0) { $0 + $1.operations } >= 2 * 2 * 7 * 11 * 13)
    #expect(products.contains { $0.seconds > 0 })
    #expect(operators.contains { ["MmBackward0", "MatmulBackward"].contains($0.name) })
  }

  /// Operations of our own are told too, each with its gradient, and the work of the products within them.
  @Test func operationsOfOurOwnAreTold() throws {
    var generator = SeededGenerator(seed: 1)
    let layer = try GRU(5, 8, generator: &generator)
    let words = try Tensor.full([3, 4, 5], 0.5)
    let operators = try TensorRuntime.operators { try layer(words).outputs.sum().backward() }
    #expect(operators.contains { $0.name == "recurrent" && $0.seconds > 0 })
    #expect(operators.contains { $0.name == "RecurrentFunctionBackward" })
    let products = operators.filter { ["mm", "addmm", "product"].contains($0.name) }
    // Forth: every word, and every state but the first, times three gates.
    let least: Double = 2 * 3 * 8 * (12 * 5 + 9 * 8)
    #expect(products.reduce(0) { $0 + $1.operations } >= least)
  }

  @Test func operatorsEndWithAnError() throws {
    struct Stop: Error {}
    #expect(throws: Stop.self) { try TensorRuntime.operators { throw Stop() } }
    #expect(try TensorRuntime.operators {}.allSatisfy { $0.seconds >= 0 })
  }
}
