import Basics
import Tensors

/// Towers of several modalities that end in one space: every modality's items become unit vectors that can be compared
/// with every other's.
public final class TowerNetwork: Module {
  /// Length of an embedding.
  public let dimension: Int
  private let towers: [Modality: Tower]
  /// What products are computed in; parameters stay float32 and receive float32 gradients.
  public var computeType: DType = .float32

  public init(_ towers: [Modality: Tower], dimension: Int) {
    (self.towers, self.dimension) = (towers, dimension)
    super.init()
    for modality in Modality.allCases {
      if let tower = towers[modality] { child(modality.rawValue, tower) }
    }
  }

  public var modalities: [Modality] { Modality.allCases.filter { towers[$0] != nil } }

  /// Unit rows `[N, D]`, float32.
  /// - Parameter generator: draws dropout while training; untouched otherwise.
  /// - Throws: ``IeumError`` (usage) when there is no such tower, (data) for an input of another form.
  public func embed(
    _ modality: Modality, _ input: TowerInput, generator: inout SeededGenerator
  ) throws -> Tensor {
    guard let tower = towers[modality] else {
      throw IeumError(
        .usage, "the model has no tower for \(modality.rawValue)", place: "model",
        remedy: "it reads \(modalities.map(\.rawValue).joined(separator: ", "))")
    }
    guard computeType == .bfloat16 else { return try tower.embed(input, generator: &generator) }
    return try TensorRuntime.autocast(.bfloat16, device: device) {
      try tower.embed(input, generator: &generator)
    }
  }

  /// Embeddings of many items in evaluation mode, `[count, D]` row-major; the next pieces are prepared while one is embedded.
  /// - Parameters:
  ///   - piece: items at a time.
  ///   - make: the input of some of the items; called in the background.
  public func embedAll(
    _ modality: Modality, count: Int, piece: Int, workers: Int,
    make: @escaping @Sendable (Range<Int>) throws -> TowerInput
  ) throws -> [Float] {
    train(false)
    let (piece, device) = (max(1, piece), device)
    let inputs = Prefetcher(count: (count + piece - 1) / piece, workers: workers, depth: 2 * max(1, workers)) {
      try make($0 * piece..<min(count, ($0 + 1) * piece)).staged(for: device)
    }
    var rows: [Float] = []
    rows.reserveCapacity(count * dimension)
    var unused = SeededGenerator(seed: 0)
    try noGrad {
      while let input = try inputs.next() {
        rows += try embed(modality, input.moved(to: device), generator: &unused).floats()
      }
    }
    return rows
  }
}
