import Basics
import Datasets
import Models
import Tensors

/// An item of one of the datasets that a cell reads.
struct ItemKey: Hashable, Sendable {
  /// Place among the cell's datasets.
  let dataset: Int
  let id: String
}

/// One view of an item in one modality: a caption, a frame, the sound around a frame.
struct ItemView: Hashable, Sendable {
  let key: ItemKey
  let number: Int
}

/// Rows read for a tower. Those that could not be decoded are zeros, with the reason.
struct TowerRows {
  let input: TowerInput
  /// Row → why.
  let failures: [Int: String]

  init(_ input: TowerInput, failures: [Int: String] = [:]) { (self.input, self.failures) = (input, failures) }

  /// Some of `count` equal runs of rows.
  func keeping(_ runs: [Int], of count: Int) throws -> TowerInput {
    guard runs.count < count else { return input }
    let size = input.count / count
    let rows = runs.flatMap { Array($0 * size..<($0 + 1) * size) }
    let index = try Tensor(rows.map { Int64($0) }, shape: [rows.count])
    return TowerInput(
      try input.values.indexSelect(dim: 0, index), lengths: input.lengths.map { all in rows.map { all[$0] } })
  }
}

/// The items of all datasets in one modality, ready to be read by a tower. Used from several threads.
protocol TowerInputs: Sendable {
  /// A freshly initialised trunk that reads these inputs.
  func trunk(_ generator: inout SeededGenerator) throws -> any Trunk
  /// Views of an item; 0 where it has none or could not be encoded.
  func count(of key: ItemKey) -> Int
  /// One row per view.
  func input(_ views: [ItemView]) throws -> TowerRows
  /// Items that cannot be read at all, and why: they have no views.
  var unreadable: [ItemKey: String] { get }
}

extension TowerInputs {
  var unreadable: [ItemKey: String] { [:] }

  /// All views of each item, side by side and filled up to the longest: `[N, F, …]`.
  func sequences(_ keys: [ItemKey]) throws -> TowerRows {
    let counts = keys.map { count(of: $0) }
    let longest = max(1, counts.max() ?? 1)
    let views = zip(keys, counts).flatMap { key, count in
      (0..<longest).map { ItemView(key: key, number: min($0, max(0, count - 1))) }
    }
    let flat = try input(views)
    let values = flat.input.values
    return TowerRows(
      TowerInput(try values.reshape([keys.count, longest] + values.shape.dropFirst()), lengths: counts),
      failures: Dictionary(flat.failures.map { ($0.key / longest, $0.value) }, uniquingKeysWith: { min($0, $1) }))
  }
}

/// Stored features, a sequence of vectors per item.
struct StoredInputs: TowerInputs {
  let dimension: Int
  private var values: [Float] = []
  private var ranges: [ItemKey: Range<Int>] = [:]
  private(set) var unreadable: [ItemKey: String] = [:]

  init(dimension: Int) { self.dimension = dimension }

  /// - Parameter vectors: `[F, D]` row-major.
  mutating func add(_ key: ItemKey, _ vectors: some Collection<Float>) {
    let start = values.count / dimension
    values += vectors
    ranges[key] = start..<values.count / dimension
  }

  /// Notes which items of a dataset the feature file could not encode; having no sound is no fault.
  mutating func addErrors(of file: FeatureFile, _ dataset: Dataset, number: Int) {
    guard !file.errors.isEmpty else { return }
    let items = Dictionary(dataset.allItems.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    for failure in file.errors {
      let reason = SkippedItems.reason(stored: failure.message, of: items[failure.id])
      if !SkippedItems.isNothing(reason) { unreadable[ItemKey(dataset: number, id: failure.id)] = reason }
    }
  }

  func trunk(_ generator: inout SeededGenerator) throws -> any Trunk { StoredTrunk(dimension: dimension) }

  func count(of key: ItemKey) -> Int { ranges[key]?.count ?? 0 }

  func input(_ views: [ItemView]) throws -> TowerRows {
    var rows: [Float] = []
    rows.reserveCapacity(views.count * dimension)
    for view in views {
      if let range = ranges[view.key], range.count > view.number {
        let row = range.lowerBound + view.number
        rows += values[row * dimension..<(row + 1) * dimension]
      } else {
        rows += [Float](repeating: 0, count: dimension)
      }
    }
    return TowerRows(TowerInput(try Tensor(rows, shape: [views.count, dimension])))
  }
}

/// Word ids of captions, for text networks that are trained.
struct WordInputs: TowerInputs {
  let length: Int
  let make: @Sendable (inout SeededGenerator) throws -> any Trunk
  /// Ids of each caption, 0 = padding.
  let rows: [ItemKey: [[Int64]]]

  func trunk(_ generator: inout SeededGenerator) throws -> any Trunk { try make(&generator) }

  func count(of key: ItemKey) -> Int { rows[key]?.count ?? 0 }

  func input(_ views: [ItemView]) throws -> TowerRows {
    let ids = views.flatMap { view -> [Int64] in
      guard let captions = rows[view.key], captions.indices.contains(view.number) else {
        return [Int64](repeating: 0, count: length)
      }
      return captions[view.number]
    }
    return TowerRows(TowerInput(try Tensor(ids, shape: [views.count, length])))
  }
}
