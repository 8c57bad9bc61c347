import Basics
import Tensors
import Testing

/// Handles of one piece of work, counted through weak references so that tests beside it do not matter.
@Suite struct MemoryTests {
  @Test func everythingIsFreed() throws {
    weak var parameter: Tensor?
    weak var result: Tensor?
    try {
      var generator = SeededGenerator(seed: 1)
      let layer = try Linear(4, 4, generator: &generator)
      let y = try layer(Tensor.ones([2, 4]))
      try y.sum().backward()
      (parameter, result) = (layer.weight, y)
      #expect(parameter != nil && result != nil)
    }()
    #expect(parameter == nil && result == nil)
  }

  @Test func handlesDoNotPileUp() throws {
    let before = TensorRuntime.liveTensors
    for _ in 0..<2000 {
      let x = try Tensor.ones([8])
      x.requiresGrad = true
      try (x * 2).sum().backward()
      _ = x.grad
      _ = try? x.matmul(Tensor.ones([3]))
    }
    // Other tests may run at the same time; a leak here would leave thousands.
    #expect(TensorRuntime.liveTensors - before < 1500)
  }
}
