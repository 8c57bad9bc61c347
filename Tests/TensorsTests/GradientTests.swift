import Basics
import Tensors
import Testing

@Suite struct GradientTests {
  typealias Unary = @Sendable (Tensor) throws -> Tensor

  static let anywhere: [(String, Unary)] = [
    ("neg", { try -$0 }), ("exp", { try $0.exp() }), ("abs", { try $0.abs() }), ("square", { try $0.square() }),
    ("sigmoid", { try $0.sigmoid() }), ("log sigmoid", { try $0.logSigmoid() }), ("tanh", { try $0.tanh() }),
    ("relu", { try $0.relu() }), ("silu", { try $0.silu() }), ("gelu", { try $0.gelu() }),
    ("gelu tanh", { try $0.geluTanh() }), ("softplus", { try $0.softplus() }), ("sin", { try $0.sin() }),
    ("cos", { try $0.cos() }), ("clamp", { try $0.clamp(min: -1, max: 1) }), ("scalars", { try 3 - $0 * 2 + 1 }),
    ("maximum scalar", { try $0.maximum(0.3) }), ("minimum scalar", { try $0.minimum(0.3) }),
    ("sum", { try $0.sum() }), ("mean", { try $0.mean() }), ("max", { try $0.max() }), ("min", { try $0.min() }),
    ("sum dim", { try $0.sum(dim: 1) }), ("mean keep", { try $0.mean(dim: 0, keepDim: true) }),
    ("amax", { try $0.amax(dim: 1) }), ("amin", { try $0.amin(dim: 0) }), ("max dim", { try $0.max(dim: 1).values }),
    ("min dim", { try $0.min(dim: 1).values }), ("log sum exp", { try $0.logSumExp(dim: 1) }),
    ("softmax", { try $0.softmax(dim: 1) }), ("log softmax", { try $0.logSoftmax(dim: 0) }),
    ("norm", { try $0.norm(dim: 1) }), ("normalised", { try $0.l2Normalized(dim: 1) }),
    ("cumulative", { try $0.cumulativeSum(dim: 1) }), ("top k", { try $0.topK(2).values }),
    ("reshape", { try $0.reshape([2, -1]) }), ("permute", { try $0.permute([1, 0]).exp() }),
    ("narrow", { try $0.narrow(dim: 1, start: 1, length: 2) }), ("select", { try $0.select(dim: 0, index: -1) }),
    ("index", { try $0.indexSelect(dim: 0, Tensor([2, 0, 2], shape: [3])) }),
    ("gather", { try $0.gather(dim: 1, Tensor([0, 3, 1], shape: [3, 1])) }),
    ("expand", { try $0.unsqueeze(0).expand([2, -1, -1]) }), ("pad", { try $0.pad([1, 2]) }),
    ("split", { try Tensor.cat($0.split(3, dim: 1).reversed(), dim: 1) }), ("stack", { try Tensor.stack([$0, $0.exp()], dim: 1) }),
    ("masked", { try $0.maskedFill($0.greater(0), 5) }), ("where", { try Tensor.where($0.less(0), $0 * 2, $0.exp()) }),
    ("dropout", { x in
      var generator = SeededGenerator(seed: 3)
      return try x.dropout(0.4, generator: &generator)
    }),
  ]

  static let positive: [(String, Unary)] = [
    ("log", { try $0.log() }), ("sqrt", { try $0.sqrt() }), ("rsqrt", { try $0.rsqrt() }),
    ("pow", { try $0.pow(2.5) }), ("reciprocal", { try 2 / $0 }),
  ]

  static let binary: [(String, @Sendable (Tensor, Tensor) throws -> Tensor)] = [
    ("add", { try $0 + $1 }), ("sub", { try $0 - $1 }), ("mul", { try $0 * $1 }), ("div", { try $0 / $1 }),
    ("maximum", { try $0.maximum($1) }), ("minimum", { try $0.minimum($1) }),
    ("row", { try $0 * $1.select(dim: 0, index: 0) }), ("matmul", { try $0.matmul($1.transposed(0, 1)) }),
    ("pow", { try $0.exp().pow($1) }), ("linear", { try $0.linear($1) }),
  ]

  @Test func unaryOperations() throws {
    for (name, operation) in Self.anywhere {
      try expectGradients(name, [sample([3, 4])]) { try operation($0[0]) }
    }
    for (name, operation) in Self.positive {
      try expectGradients(name, [sample([3, 4], in: 0.5...2)]) { try operation($0[0]) }
    }
  }

  @Test func binaryOperations() throws {
    for (name, operation) in Self.binary {
      try expectGradients(name, [sample([3, 4]), sample([3, 4], seed: 8)]) { try operation($0[0], $0[1]) }
    }
  }

  @Test func layers() throws {
    try expectGradients("conv1d", [sample([2, 4, 6]), sample([2, 2, 3], seed: 8), sample([2], seed: 9)]) {
      try $0[0].conv1d($0[1], $0[2], stride: 2, padding: 1, groups: 2)
    }
    try expectGradients("conv2d", [sample([1, 2, 4, 4]), sample([2, 2, 3, 2], seed: 8)]) {
      try $0[0].conv2d(weight: $0[1], padding: [1, 0])
    }
    try expectGradients("max pool", [sample([1, 2, 4, 4])]) { try $0[0].maxPool2d(kernel: 3, stride: 2, padding: 1) }
    try expectGradients("max pool 1d", [sample([1, 2, 6])]) { try $0[0].maxPool1d(kernel: 2) }
    try expectGradients("avg pool", [sample([1, 2, 4, 4])]) {
      try $0[0].avgPool2d(kernel: 3, stride: 1, padding: 1, countIncludePad: false)
    }
    try expectGradients("global pool", [sample([2, 2, 3, 3])]) { try $0[0].globalAvgPool2d() }
    try expectGradients("batch norm", [sample([5, 3]), sample([3], seed: 8), sample([3], seed: 9)], tolerance: 1e-5) {
      try $0[0].batchNorm(weight: $0[1], bias: $0[2], runningMean: nil, runningVar: nil, training: true)
    }
    try expectGradients("layer norm", [sample([3, 5]), sample([5], seed: 8), sample([5], seed: 9)], tolerance: 1e-5) {
      try $0[0].layerNorm($0[1], $0[2])
    }
    try expectGradients("embedding", [sample([4, 3])]) { try $0[0].embedding(Tensor([1, 3, 1], shape: [3])) }
    try expectGradients("attention", [sample([2, 3, 4]), sample([2, 3, 4], seed: 8), sample([2, 3, 4], seed: 9)]) {
      try attention(query: $0[0], key: $0[1], value: $0[2], heads: 2, mask: lengthMask([3, 2], steps: 3))
    }
  }

  @Test func nothingIsRecordedInsideNoGrad() throws {
    let x = try sample([2])
    x.requiresGrad = true
    let y = try noGrad { try x.exp() }
    #expect(!y.requiresGrad)
    #expect(try x.exp().requiresGrad)
    #expect(throws: IeumError.self) { try noGrad { throw IeumError(.system, "stop") } }
    #expect(try x.exp().requiresGrad)
  }

  @Test func gradientsAddUpUntilCleared() throws {
    let x = try Tensor([3.0], shape: [])
    x.requiresGrad = true
    #expect(x.grad == nil)
    try (x * x).backward()
    try (x * x).backward()
    #expect(try x.grad?.item() == 12)
    x.zeroGrad()
    #expect(x.grad == nil)
  }
}
