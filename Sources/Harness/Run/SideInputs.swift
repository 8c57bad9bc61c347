import Basics
import Datasets
import Models
import Tensors

/// What the joint model reads of one side of the items: stored features, or the inputs of an encoder that learns too.
enum SideInputs {
  case features(FeatureFile)
  case trained(TrainedSide)

  func has(_ id: String) -> Bool {
    switch self {
    case .features(let file): file.row(of: id) != nil
    case .trained(let side): side.rows[id] != nil
    }
  }

  /// One row per id: features `[N, D]` float32, or the encoder's inputs `[N, T]` int64.
  func tensor(_ ids: [String]) throws -> Tensor {
    switch self {
    case .features(let file): return try Tensor(try file.matrix(of: ids), shape: [ids.count, file.dimension])
    case .trained(let side):
      return try Tensor(ids.flatMap { side.rows[$0] ?? [] }.map { Int64($0) }, shape: [ids.count, side.width])
    }
  }

  /// Items that stored features have only in part.
  var partial: [String] {
    guard case .features(let file) = self else { return [] }
    return file.partial.map(\.id)
  }

  /// Length of the vectors that the joint model sees.
  var dimension: Int {
    switch self {
    case .features(let file): file.dimension
    case .trained(let side): side.dimension
    }
  }

  /// The network that learns with the joint model, freshly made; `nil` for stored features.
  func network(_ generator: inout SeededGenerator) throws -> TrainableEncoder? {
    guard case .trained(let side) = self else { return nil }
    return try side.make(&generator)
  }
}

/// One side of the items for an encoder that learns with the joint model.
struct TrainedSide {
  /// Length of its vectors.
  let dimension: Int
  /// Inputs per item id, all `width` long; items that have none are left out.
  let rows: [String: [Int]]
  let width: Int
  let make: (inout SeededGenerator) throws -> TrainableEncoder
}
