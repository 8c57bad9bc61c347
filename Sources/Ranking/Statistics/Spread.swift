/// Mean and sample standard deviation (divisor n − 1; 0 for one value) of a metric over seeds.
public struct Spread: Codable, Sendable, Equatable {
  public var mean: Double
  public var std: Double

  public init(mean: Double, std: Double) {
    self.mean = mean
    self.std = std
  }

  /// - Returns: nil for no values.
  public init?(of values: [Double]) {
    guard !values.isEmpty else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    self.init(mean: mean, std: values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0)
  }
}
