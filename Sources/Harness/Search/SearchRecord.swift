/// The trials behind a cell's settings, as they stand in its `result.json`.
public struct SearchRecord: Codable, Sendable, Equatable {
  public struct Trial: Codable, Sendable, Equatable {
    /// Dotted path → value.
    public var settings: [String: String]
    /// The metric on the validation split; nil where ``reason`` says why there is none.
    public var value: Double?
    /// The epoch that was kept; the budget is the most that could be used.
    public var keptEpoch: Int?
    public var reason: String?
  }

  public var method: String
  /// Trials and epochs that every method of the experiment had.
  public var trials: Int
  public var epochs: Int
  public var metric: String
  public var seed: Int
  public var tried: [Trial] = []
  /// Place of the chosen trial in ``tried``.
  public var chosen: Int?
}
