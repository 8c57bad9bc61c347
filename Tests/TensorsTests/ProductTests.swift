import Basics
import Tensors
import Testing

/// Products in float32, forth and back, against float64: with several threads they are our own.
@Suite struct ProductTests {
  private func compare(_ name: String, _ inputs: [Tensor], _ function: ([Tensor]) throws -> Tensor) throws {
    func run(_ dtype: DType) throws -> [[Double]] {
      let leaves = try inputs.map { try $0.to(dtype).copy().detached() }
      for leaf in leaves { leaf.requiresGrad = true }
      let output = try function(leaves)
      try weighted(output.to(.float64)).backward()
      return [try output.doubles()] + (try leaves.map { try #require($0.grad).doubles() })
    }
    for (found, wanted) in zip(try run(.float32), try run(.float64)) {
      #expect(largest(found, wanted) < 2e-5, "\(name)")
    }
    let (first, second) = (try run(.float32), try run(.float32))
    #expect(first.joined().map(\.bitPattern) == second.joined().map(\.bitPattern), "\(name) twice")
  }

  @Test(arguments: [[1, 1, 1], [7, 5, 3], [1, 64, 33], [65, 1, 40], [130, 17, 1], [48, 200, 96]])
  func linear(_ sizes: [Int]) throws {
    let (m, k, n) = (sizes[0], sizes[1], sizes[2])
    let inputs = [try sample([m, k]), try sample([n, k], seed: 8), try sample([n], seed: 9)]
    try compare("linear \(sizes)", inputs) { try $0[0].linear($0[1], $0[2]) }
    try compare("linear \(sizes) without bias", [inputs[0], inputs[1]]) { try $0[0].linear($0[1]) }
    let deep = [try sample([2, m, k]), inputs[1], inputs[2]]
    try compare("linear of [2, \(m), \(k)]", deep) { try $0[0].linear($0[1], $0[2]) }
  }

  @Test(arguments: [[1, 1, 1], [7, 5, 3], [33, 64, 1], [1, 40, 18], [50, 64, 50]])
  func matrices(_ sizes: [Int]) throws {
    let (m, k, n) = (sizes[0], sizes[1], sizes[2])
    for front in [[], [1], [3], [2, 3]] {
      let inputs = [try sample(front + [m, k]), try sample(front + [k, n], seed: 8)]
      try compare("\(front) \(sizes)", inputs) { try $0[0].matmul($0[1]) }
      let turned = [inputs[0], try sample(front + [n, k], seed: 9)]
      try compare("\(front) \(sizes) transposed", turned) { try $0[0].matmul($0[1].transposed(-2, -1)) }
    }
  }

  /// Heads of attention are views of one row of values: neither they nor their transposes are contiguous.
  @Test func headsOfAttention() throws {
    let inputs = [try sample([2, 9, 4, 8]), try sample([2, 9, 4, 8], seed: 8)]
    try compare("heads", inputs) { try $0[0].transposed(1, 2).matmul($0[1].transposed(1, 2).transposed(-2, -1)) }
  }

  @Test func broadcastAndEmpty() throws {
    try compare("broadcast", [sample([3, 4, 5]), sample([5, 6], seed: 8)]) { try $0[0].matmul($0[1]) }
    #expect(try Tensor.zeros([0, 5]).matmul(Tensor.ones([5, 6])).shape == [0, 6])
    #expect(try Tensor.zeros([4, 0]).matmul(Tensor.zeros([0, 6])).abs().max().item() == 0)
    #expect(throws: IeumError.self) { try Tensor.ones([2, 3]).matmul(Tensor.ones([2, 3])) }
  }
}
