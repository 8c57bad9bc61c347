import HDF5

/// Rows on their way into a feature file, in memory: a shard, or the whole.
struct FeatureRows {
  /// Whether an item has one vector or a sequence of them.
  let sequences: Bool
  var ids: [String] = []
  var values: [Float] = []
  /// Vectors of each item; all 1 without sequences.
  var counts: [Int] = []
  var failures: [EncodingFailure] = []
  /// Items that have rows, but not from all of their parts.
  var remarks: [EncodingFailure] = []

  var isEmpty: Bool { ids.isEmpty && failures.isEmpty }

  init(sequences: Bool) { self.sequences = sequences }

  init(_ file: FeatureFile) {
    sequences = file.offsets != nil
    ids = file.ids
    values = file.features
    counts = file.offsets.map { zip($0.dropFirst(), $0).map { $0 - $1 } } ?? ids.map { _ in 1 }
    failures = file.errors
    remarks = file.partial
  }

  mutating func append(_ other: FeatureRows) {
    ids += other.ids
    values += other.values
    counts += other.counts
    failures += other.failures
    remarks += other.remarks
  }

  /// The same rows in the order of `order`; ids that it lacks follow in their own order.
  func sorted(by order: [String], dimension: Int) -> FeatureRows {
    let place = Dictionary(order.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    func key(_ id: String, _ index: Int) -> (Int, Int) { (place[id] ?? order.count, index) }
    var starts = [0]
    for count in counts { starts.append(starts[starts.count - 1] + count * dimension) }
    var sorted = FeatureRows(sequences: sequences)
    sorted.values.reserveCapacity(values.count)
    for index in ids.indices.sorted(by: { key(ids[$0], $0) < key(ids[$1], $1) }) {
      sorted.ids.append(ids[index])
      sorted.counts.append(counts[index])
      sorted.values += values[starts[index]..<starts[index + 1]]
    }
    func ordered(_ list: [EncodingFailure]) -> [EncodingFailure] {
      list.indices.sorted { key(list[$0].id, $0) < key(list[$1].id, $1) }.map { list[$0] }
    }
    (sorted.failures, sorted.remarks) = (ordered(failures), ordered(remarks))
    return sorted
  }

  /// Writes the datasets of the contract into an empty file.
  func write(to file: HDF5File, attributes: FeatureAttributes, half: Bool, complete: Bool) throws {
    try attributes.write(to: file, complete: complete)
    try file.write("ids", strings: ids)
    let shape = [counts.reduce(0, +), attributes.dimension]
    try file.write(sequences ? "frames/features" : "features", floats: values, shape: shape, half: half)
    if sequences {
      var offsets: [Int64] = [0]
      for count in counts { offsets.append(offsets[offsets.count - 1] + Int64(count)) }
      try file.write("frames/offsets", ints: offsets, shape: [offsets.count])
    }
    try file.write("errors/ids", strings: failures.map(\.id))
    try file.write("errors/messages", strings: failures.map(\.message))
    guard !remarks.isEmpty else { return }
    try file.write("partial/ids", strings: remarks.map(\.id))
    try file.write("partial/messages", strings: remarks.map(\.message))
  }
}
