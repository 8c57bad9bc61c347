import Basics
import Tensors

/// True pairs of two modalities to train on, such as pictures and their captions, or frames and their sound.
public struct PairSource: Sendable {
  public let name: String
  /// The anchors' side; for half2020 the image, the hub.
  public let first: Modality
  public let second: Modality
  /// Pairs, or items of which a pair is drawn each time.
  public let count: Int
  /// The inputs of some rows. What is drawn (a frame, a caption) depends on the seed alone; called in the background.
  public let make: @Sendable (_ rows: [Int], _ seed: UInt64) throws -> PairBatch

  public init(
    name: String, first: Modality, second: Modality, count: Int,
    make: @escaping @Sendable (_ rows: [Int], _ seed: UInt64) throws -> PairBatch
  ) {
    (self.name, self.first, self.second, self.count, self.make) = (name, first, second, count, make)
  }
}

/// One batch of pairs.
public struct PairBatch: Sendable {
  /// N rows.
  public let first: TowerInput
  /// N rows, or N·K: K candidates of each first row, side by side.
  public let second: TowerInput
  /// What each pair is of, `[N]`: pairs of one group are never each other's negatives.
  public let groups: [Int]
  /// Rows that are not here because they could not be read.
  public let skipped: SkippedRows

  public init(first: TowerInput, second: TowerInput, groups: [Int], skipped: SkippedRows = SkippedRows()) {
    (self.first, self.second, self.groups, self.skipped) = (first, second, groups, skipped)
  }

  func staged(for device: Device) throws -> PairBatch {
    PairBatch(
      first: try first.staged(for: device), second: try second.staged(for: device), groups: groups, skipped: skipped)
  }
}

/// The batches of one epoch: the sources take turns, each in an order of its own.
///
/// An epoch has as many rounds as the largest source has batches; smaller sources start again in a new order. A last batch
/// that is not full is dropped unless it is the source's only one.
struct PairPlan: Sendable {
  struct Step: Sendable {
    let source: Int
    let rows: [Int]
    let seed: UInt64
  }

  let steps: [Step]

  init(counts: [Int], batchSize: Int, seed: UInt64, epoch: Int) {
    let rounds = counts.map { max(1, $0 / batchSize) }.max() ?? 0
    let perSource = counts.enumerated().map { source, count in
      Self.batches(count: count, batchSize: batchSize, wanted: count > 0 ? rounds : 0) { pass in
        SeededGenerator(seed: seed, purpose: "shuffle-\(source)-\(epoch)-\(pass)")
      }
    }
    var steps: [Step] = []
    for round in 0..<rounds {
      for (source, batches) in perSource.enumerated() where round < batches.count {
        let purpose = "batch-\(source)-\(epoch)-\(round)"
        steps.append(
          Step(source: source, rows: batches[round], seed: SeededGenerator.child(seed, purpose)))
      }
    }
    self.steps = steps
  }

  private static func batches(
    count: Int, batchSize: Int, wanted: Int, generator: (Int) -> SeededGenerator
  ) -> [[Int]] {
    var batches: [[Int]] = []
    var pass = 0
    while batches.count < wanted {
      var random = generator(pass)
      let order = (0..<count).shuffled(using: &random)
      let full = count / batchSize
      if full == 0 { batches.append(order) }
      for index in 0..<full { batches.append(Array(order[index * batchSize..<(index + 1) * batchSize])) }
      pass += 1
    }
    return Array(batches.prefix(wanted))
  }
}
