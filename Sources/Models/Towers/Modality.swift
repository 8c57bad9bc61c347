import Tensors

/// What a tower reads. The raw value is its name in configurations and weight files.
public enum Modality: String, Sendable, Hashable, CaseIterable, Codable {
  case text, image, audio, video
}

/// The input of one tower for a batch of items.
public struct TowerInput: Sendable {
  /// Stored features `[N, D]` or `[N, F, D]`, word ids int64 `[N, T]`, pixels `[N, 3, S, S]` or `[N, F, 3, S, S]`,
  /// spectrograms `[N, 1, M, T]`: what the tower's trunk reads.
  public let values: Tensor
  /// Frames in use of each row, where there are frames; nil = all.
  public let lengths: [Int]?

  public init(_ values: Tensor, lengths: [Int]? = nil) {
    self.values = values
    self.lengths = lengths
  }

  /// Rows.
  public var count: Int { values.shape.first ?? 0 }

  func moved(to device: Device) throws -> TowerInput { TowerInput(try values.input(on: device), lengths: lengths) }
  func staged(for device: Device) throws -> TowerInput {
    TowerInput(try values.stagedInput(for: device), lengths: lengths)
  }
}
