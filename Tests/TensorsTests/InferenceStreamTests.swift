import Basics
import Tensors
import Testing

/// Batches that several streams compute side by side.
@Suite(.serialized) struct InferenceStreamTests {
  private let side = 33

  /// Stem, expansion, depth-wise convolution with excitation, and a sum: every kind of step that keeps something
  /// between two runs.
  private func network(in graph: InferenceGraph) throws -> InferenceGraph.Value {
    func conv(
      _ x: InferenceGraph.Value, to outputs: Int, kernel: Int, stride: Int = 1, groups: Int = 1, seed: UInt64
    ) throws -> InferenceGraph.Value {
      let taps = x.shape[0] / groups * kernel * kernel
      let shape = [outputs, x.shape[0] / groups, kernel, kernel]
      return try graph.convolution(
        x, weight: Tensor(randomPixels(outputs * taps, seed: seed), shape: shape),
        scale: [Float](repeating: 0.3, count: outputs), shift: randomPixels(outputs, seed: seed + 1),
        window: .init(kernel: kernel, stride: stride, padding: kernel / 2), groups: groups, activation: .silu)
    }
    let stem = try conv(graph.input, to: 16, kernel: 3, seed: 1)
    let wide = try conv(stem, to: 48, kernel: 1, seed: 3)
    let apart = try conv(wide, to: 48, kernel: 3, groups: 48, seed: 5)
    let excited = try graph.excitation(
      apart, reduce: Tensor(randomPixels(4 * 48, seed: 7), shape: [4, 48]), reduceBias: .full([4], 0.1),
      restore: Tensor(randomPixels(4 * 48, seed: 8), shape: [48, 4]), restoreBias: .full([48], 0.2))
    return try graph.sum(conv(excited, to: 16, kernel: 1, seed: 9), stem, activation: .relu)
  }

  private func means(_ plan: InferencePlan, _ pixels: ArraySlice<Float>, images: Int) throws -> [Float] {
    var result = [Float](repeating: .nan, count: images * 16)
    try Array(pixels).withUnsafeBufferPointer { from in
      try result.withUnsafeMutableBufferPointer { try plan.run(from, into: $0) }
    }
    return result
  }

  /// However many streams there are, more than batches too, the results are those of one batch after the other.
  @Test(arguments: InferencePrecision.allCases, [1, 2, 3]) func streamsGiveTheSameBits(
    precision: InferencePrecision, batch: Int
  ) throws {
    guard precision == .f32 || TensorRuntime.convolvesInBF16 else { return }
    let graph = try InferenceGraph(channels: 3, height: side, width: side)
    let output = try network(in: graph)
    let alone = try graph.compile(output, batch: batch, precision: precision, threads: 1)
    let size = 3 * side * side
    let pixels = randomPixels(7 * batch * size, seed: 11)
    let expected = try (0..<7).flatMap {
      try means(alone, pixels[$0 * batch * size..<($0 + 1) * batch * size], images: batch)
    }
    for streams in [1, 2, 3, 9] {
      let plan = try graph.compile(output, batch: batch, precision: precision, streams: streams, threads: 1)
      for batches in [0, 1, 2, 7] {
        let images = batches * batch
        #expect(try means(plan, pixels[..<(images * size)], images: images) == Array(expected[..<(images * 16)]))
      }
    }
  }

  /// The profile counts every batch once, however many streams share them.
  @Test func profileCountsAllBatches() throws {
    let graph = try InferenceGraph(channels: 3, height: side, width: side)
    let plan = try graph.compile(try network(in: graph), batch: 2, streams: 3, threads: 1)
    let pixels = randomPixels(5 * 2 * 3 * side * side, seed: 11)
    plan.profile(true)
    _ = try means(plan, pixels[...], images: 10)
    let stages = plan.profile(false)
    let operations = stages.reduce(0) { $0 + $1.operations }
    #expect(abs(operations / (2 * graph.multiplications * 10) - 1) < 1e-3)
    #expect(stages.allSatisfy { $0.seconds >= 0 } && stages.contains { $0.seconds > 0 })
  }

  @Test func severalStreamsOfSeveralThreadsAreRefused() throws {
    let graph = try InferenceGraph(channels: 3, height: side, width: side)
    let output = try network(in: graph)
    #expect(throws: IeumError.self) { try graph.compile(output, batch: 1, streams: 2, threads: 2) }
    #expect(throws: IeumError.self) { try graph.compile(output, batch: 1, streams: 0) }
  }

  @Test func partsOfBatchesAreRefused() throws {
    let graph = try InferenceGraph(channels: 3, height: side, width: side)
    let plan = try graph.compile(try network(in: graph), batch: 2, streams: 2, threads: 1)
    let pixels = randomPixels(3 * 3 * side * side, seed: 11)
    #expect(throws: IeumError.self) { _ = try means(plan, pixels[...], images: 3) }
  }
}
