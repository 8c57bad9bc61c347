/// Mean and spread of one metric over seeds.
public struct Spread: Sendable, Equatable {
  public let mean: Double
  /// Sample standard deviation (divisor n − 1); nil for a single value, where nothing is known about it.
  public let deviation: Double?
  public let count: Int

  /// nil when there are no values.
  public init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    count = values.count
    deviation =
      values.count < 2
      ? nil : (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
  }
}
