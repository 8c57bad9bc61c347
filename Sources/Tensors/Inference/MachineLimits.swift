import CTorch

/// What this machine can do at most; measured rates are held against it.
public enum MachineLimits {
  /// Operations a second of independent multiply-adds in registers.
  /// - Parameter seconds: the best of so long a time.
  /// - Returns: nil where the CPU has no instruction for the precision.
  public static func multiplyAdd(_ precision: InferencePrecision, threads: Int, seconds: Double) -> Double? {
    let rate = ct_limit_multiply_add(precision == .bf16, Int32(clamping: threads), seconds)
    return rate > 0 ? rate : nil
  }

  /// Bytes a second of reading `bytes` again and again.
  public static func read(bytes: Int, threads: Int, seconds: Double) -> Double {
    ct_limit_read(Int64(bytes), Int32(clamping: threads), seconds)
  }

  /// Operations a second of a square matrix product: float32 by the BLAS, bf16 by oneDNN.
  public static func product(_ precision: InferencePrecision, side: Int, seconds: Double) throws -> Double {
    let matrix = try Tensor.full([side, side], 0.5, dtype: precision == .f32 ? .float32 : .bfloat16)
    return try best(seconds, work: 2 * Double(side) * Double(side) * Double(side)) { _ = try matrix.matmul(matrix) }
  }

  /// Operations a second of compiled 3 × 3 convolutions, 256 channels at 14 × 14: the middle of a ResNet.
  /// - Throws: ``IeumError`` (system) where this CPU has no fast implementation.
  public static func convolution(_ precision: InferencePrecision, threads: Int, seconds: Double) throws -> Double {
    let (channels, side, layers, batch) = (256, 14, 16, 4)
    let count = batch * threads
    let graph = try InferenceGraph(channels: 3, height: side, width: side)
    var value = graph.input
    var work = 0.0
    for _ in 0...layers {
      let inputs = value.shape[0]
      value = try graph.convolution(
        value, weight: .full([channels, inputs, 3, 3], 0.0005), scale: [Float](repeating: 1, count: channels),
        shift: [Float](repeating: 0, count: channels), window: .init(kernel: 3, stride: 1, padding: 1), groups: 1,
        activation: .relu)
      work += 2 * 9 * Double(inputs * channels * side * side * count)
    }
    // What a plan gives is the mean over the places.
    let plan = try graph.compile(value, batch: batch, precision: precision, streams: threads, threads: 1)
    let images = [Float](repeating: 0.5, count: count * 3 * side * side)
    var result = [Float](repeating: 0, count: count * channels)
    return try images.withUnsafeBufferPointer { images in
      try result.withUnsafeMutableBufferPointer { result in
        try best(seconds, work: work) { try plan.run(images, into: result) }
      }
    }
  }

  /// The best rate within so many seconds of something repeated.
  private static func best(_ seconds: Double, work: Double, _ body: () throws -> Void) rethrows -> Double {
    var best = 0.0
    let start = ContinuousClock.now
    while best == 0 || ContinuousClock.now - start < .seconds(seconds) {
      let begin = ContinuousClock.now
      try body()
      best = max(best, work / ((ContinuousClock.now - begin) / .seconds(1)))
    }
    return best
  }
}
