import Basics
import Tensors

/// Which cross pairs of a batch are negatives: entry (i, j) concerns anchor i and positive j.
///
/// The diagonal (the true pairs) is never negative; in item-to-item training neither are items relevant to
/// each other.
public struct NegativeMask: Sendable, Equatable {
  /// Rows N of the batch.
  public let count: Int
  /// Row-major `[N, N]`.
  public let isNegative: [Bool]

  public init(count: Int, isNegative: (Int, Int) -> Bool) {
    self.count = count
    var flags = [Bool](repeating: false, count: count * count)
    for i in 0..<count {
      for j in 0..<count where i != j { flags[i * count + j] = isNegative(i, j) }
    }
    self.isNegative = flags
  }

  /// Every other row is a negative.
  public static func offDiagonal(_ count: Int) -> NegativeMask { NegativeMask(count: count) { _, _ in true } }

  /// Rows of other groups are negatives: two captions of one picture are not.
  public static func otherGroups(_ groups: [Int]) -> NegativeMask {
    NegativeMask(count: groups.count) { groups[$0] != groups[$1] }
  }

  /// The mask from the positives' side: entry (i, j) concerns positive i and anchor j.
  var transposed: NegativeMask { NegativeMask(count: count) { isNegative[$1 * count + $0] } }

  /// True where a pair is *not* a negative, `[N, N]` bool: what a loss has to blank out.
  func blanked(like other: Tensor) throws -> Tensor {
    try Tensor(isNegative.map { !$0 }, shape: [count, count]).to(other.device)
  }

  /// As ``blanked(like:)``, with the diagonal kept.
  func blankedOffDiagonal(like other: Tensor) throws -> Tensor {
    var flags = isNegative.map { !$0 }
    for i in 0..<count { flags[i * count + i] = false }
    return try Tensor(flags, shape: [count, count]).to(other.device)
  }
}

/// Embeddings of earlier batches that serve as further negatives; no gradient flows into them.
public struct QueuedPairs: Sendable {
  /// `[M, D]` each; row m of both was a true pair.
  public let anchors: Tensor
  public let positives: Tensor
  /// Row-major `[N, M]`: whether queued pair m is a negative of the batch's pair i.
  public let isNegative: [Bool]

  /// - Parameter isNegative: nil = all are.
  public init(anchors: Tensor, positives: Tensor, rows: Int, isNegative: [Bool]? = nil) {
    self.anchors = anchors
    self.positives = positives
    self.isNegative = isNegative ?? [Bool](repeating: true, count: rows * (anchors.shape.first ?? 0))
  }

  public var count: Int { anchors.shape.first ?? 0 }

  /// True where a queued pair is not a negative, `[N, M]` bool.
  func blanked(rows: Int, like other: Tensor) throws -> Tensor {
    try Tensor(isNegative.map { !$0 }, shape: [rows, count]).to(other.device)
  }

  func normalized() throws -> QueuedPairs {
    QueuedPairs(
      anchors: try RowGeometry.unit(anchors), positives: try RowGeometry.unit(positives), rows: 0,
      isNegative: isNegative)
  }
}
