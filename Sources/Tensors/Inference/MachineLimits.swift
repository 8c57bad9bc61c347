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

  /// Operations a second of a square float32 matrix product by the BLAS.
  public static func product(side: Int, seconds: Double) throws -> Double {
    let matrix = try Tensor.full([side, side], 0.5)
    var best = 0.0
    let start = ContinuousClock.now
    while ContinuousClock.now - start < .seconds(seconds) {
      let begin = ContinuousClock.now
      _ = try matrix.matmul(matrix)
      let work = 2 * Double(side) * Double(side) * Double(side)
      best = max(best, work / ((ContinuousClock.now - begin) / .seconds(1)))
    }
    return best
  }
}
